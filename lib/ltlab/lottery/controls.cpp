#include "ltlab/lottery/controls.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/random.h"
#include "ltlab/lottery/methods/methods.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/prune/pruning.h"

namespace ltlab {
namespace {

double deviation(const Tensor& tensor) {
  const auto size = static_cast<double>(tensor.values.size());
  double mean = 0, squares = 0;
  for (const float value : tensor.values) mean += value / size;
  for (const float value : tensor.values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / size);
}

// Returns each weight's place in the order in which the rounds prune a mask, from 0 (first) to 1.
std::vector<double> places_in_order(std::size_t layer, const std::vector<PruningRound>& rounds) {
  std::vector<double> places(rounds.front().masks[layer].size());
  for (const PruningRound& round : rounds) {
    std::vector<std::uint32_t> order = places_of(round.masks[layer], 1);
    const std::vector<double>& scores = round.scores[layer];
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return scores[i]; });
    // The weights left for a later round come after all that are gone by then.
    const std::size_t gone = places.size() - order.size();
    for (std::size_t k = 0; k < order.size(); ++k)
      places[order[k]] = static_cast<double>(gone + k) / static_cast<double>(places.size());
  }
  return places;
}

// Returns the prunings that led to a level's mask, first to last.
std::vector<PruningRound> pruning_rounds(const Replicate& replicate, unsigned level) {
  std::vector<PruningRound> rounds;
  for (std::optional<unsigned> pruned = level; pruned && *pruned > 0;
       pruned = replicate.config().pruned_level(*pruned)) {
    PrunedNetwork network = pruned_network(replicate, *pruned);
    std::vector<std::vector<double>> scores = pruning_scores(network.input(replicate), replicate.config());
    rounds.push_back({std::move(network.masks), std::move(scores)});
  }
  std::ranges::reverse(rounds);
  return rounds;
}

// Returns the masks of Control::inverted_mask. A score that prunes in rounds is inverted round by round, from
// the network that was pruned first.
std::vector<Mask> inverted_masks_of(const Replicate& replicate, unsigned level,
                                    const std::vector<Mask>& ticket) {
  const SearchConfig& config = replicate.config();
  if (!prunes_in_rounds(config))
    return inverted_masks(ticket, pruning_rounds(replicate, level), config.granularity);
  const PrunedNetwork first = pruned_network(replicate, 1);
  return prune_highest_in_rounds(first.input(replicate), ticket, config);
}

// Returns the weights with those that the masks keep permuted within each layer: each becomes
// `value(before, other)` of itself and the one that the permutation, named by `purpose`, puts in its place.
template <class Value>
std::vector<Tensor> permuted(const std::string& purpose, std::vector<Tensor> weights,
                             const std::vector<Mask>& masks, unsigned level, const ControlTrial& names,
                             const Value& value) {
  for (Tensor& tensor : weights) {
    const Mask* mask = find_named(masks, tensor.name);
    if (!mask) continue;
    const std::vector<std::uint32_t> survivors = places_of(*mask, 1);
    RandomStream random({names.seed, purpose + tensor.name, level, names.trial});
    const auto order = random.permutation(static_cast<std::uint32_t>(survivors.size()));
    const AlignedVector<float> before = tensor.values;
    for (std::size_t k = 0; k < survivors.size(); ++k)
      tensor.values[survivors[k]] = value(before[survivors[k]], before[survivors[order[k]]]);
  }
  return weights;
}

}  // namespace

std::vector<Tensor> reinitialized(const Network<float>& network, Initialization initialization,
                                  unsigned level, const ControlTrial& names) {
  std::vector<Tensor> weights;
  for (const Parameter<float>* array : network.arrays()) {
    weights.push_back(
        draw_initial(array->info(), initialization, names.seed, "random-reinit", level, names.trial));
  }
  return weights;
}

std::vector<Tensor> shuffled_weights(std::vector<Tensor> weights, const std::vector<Mask>& masks,
                                     unsigned level, const ControlTrial& names) {
  const auto moved = [](float /*before*/, float other) { return other; };
  return permuted("shuffled-weights/", std::move(weights), masks, level, names, moved);
}

std::vector<Tensor> shuffled_magnitudes(std::vector<Tensor> weights, const std::vector<Mask>& masks,
                                        unsigned level, const ControlTrial& names) {
  const auto signed_as_before = [](float before, float other) { return std::copysign(other, before); };
  return permuted("shuffled-magnitudes/", std::move(weights), masks, level, names, signed_as_before);
}

std::vector<Tensor> signs_of(std::vector<Tensor> weights, const std::vector<Tensor>& initial,
                             const std::vector<Mask>& masks) {
  for (Tensor& tensor : weights) {
    if (!find_named(masks, tensor.name)) continue;
    const auto size = static_cast<float>(deviation(*find_named(initial, tensor.name)));
    for (float& value : tensor.values) value = value == 0 ? 0 : std::copysign(size, value);
  }
  return weights;
}

std::vector<Mask> inverted_masks(const std::vector<Mask>& masks, const std::vector<PruningRound>& rounds,
                                 const Granularity& granularity) {
  std::vector<PruningCandidate> candidates;
  std::vector<Quota> quotas;
  for (std::size_t layer = 0; layer < masks.size(); ++layer) {
    std::vector<double> scores = places_in_order(layer, rounds);
    for (double& score : scores) score = -score;
    quotas.push_back({{layer}, masks[layer].survivors()});
    candidates.push_back({full_mask(masks[layer].name, masks[layer].shape), std::move(scores)});
  }
  return prune_by_score(candidates, quotas, granularity);
}

LevelStart start_control(const Replicate& replicate, Control control, unsigned trial, unsigned level,
                         const std::vector<Mask>& masks) {
  const SearchConfig& config = replicate.config();
  const bool rewound = row_of(kControls, control).is_rewound;
  LevelStart start = replicate.start_fresh(level, masks, rewound ? std::uint64_t{config.rewind_step} : 0);
  if (rewound) replicate.rewind(start);
  const Seeds seeds = replicate.seeds();
  const ControlTrial names{seeds.mask, trial};
  switch (control) {
    case Control::random_reinit:
      start.weights = reinitialized(replicate.network(), config.initialization, level, {seeds.init, trial});
      start.record_initial_weights = true;
      break;
    case Control::random_mask:
      start.masks = random_masks(masks, names.seed, level, trial);
      break;
    case Control::global_random_mask:
      start.masks = random_masks_of_network(masks, names.seed, level, trial);
      break;
    case Control::shuffled_weights:
      start.weights = shuffled_weights(std::move(start.weights), masks, level, names);
      start.record_initial_weights = true;
      break;
    case Control::shuffled_magnitudes:
      start.weights = shuffled_magnitudes(std::move(start.weights), masks, level, names);
      start.record_initial_weights = true;
      break;
    case Control::sign_only:
      start.weights = signs_of(std::move(start.weights), replicate.run().init_weights, masks);
      start.record_initial_weights = true;
      break;
    case Control::supermask:
      start.training.steps = start.first_step;
      start.order_level = 0;  // of the dense network's steps, the only ones it has
      break;
    case Control::inverted_mask:
      start.masks = inverted_masks_of(replicate, level, masks);
      break;
  }
  return start;
}

}  // namespace ltlab
