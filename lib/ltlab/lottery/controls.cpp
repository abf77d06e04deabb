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

std::vector<std::uint32_t> survivors_of(const Mask& mask) {
  std::vector<std::uint32_t> survivors;
  for (std::uint32_t i = 0; const std::uint8_t keep : mask.keep) {
    if (keep) survivors.push_back(i);
    ++i;
  }
  return survivors;
}

// Returns each weight's place in the order in which the rounds prune a mask, from 0 (first) to 1.
std::vector<double> places_in_order(std::size_t layer, const std::vector<PruningRound>& rounds) {
  std::vector<double> places(rounds.front().masks[layer].size());
  for (const PruningRound& round : rounds) {
    std::vector<std::uint32_t> order = survivors_of(round.masks[layer]);
    const std::vector<double>& scores = round.scores[layer];
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return scores[i]; });
    // The weights left for a later round come after all that are gone by then.
    const std::size_t gone = places.size() - order.size();
    for (std::size_t k = 0; k < order.size(); ++k)
      places[order[k]] = static_cast<double>(gone + k) / static_cast<double>(places.size());
  }
  return places;
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
  for (Tensor& tensor : weights) {
    const Mask* mask = find_named(masks, tensor.name);
    if (!mask) continue;
    const std::vector<std::uint32_t> survivors = survivors_of(*mask);
    RandomStream random({names.seed, "shuffled-weights/" + tensor.name, level, names.trial});
    const auto order = random.permutation(static_cast<std::uint32_t>(survivors.size()));
    const AlignedVector<float> before = tensor.values;
    for (std::size_t k = 0; k < survivors.size(); ++k)
      tensor.values[survivors[k]] = before[survivors[order[k]]];
  }
  return weights;
}

std::vector<Tensor> signs_of(std::vector<Tensor> weights, const std::vector<Mask>& masks) {
  for (Tensor& tensor : weights) {
    if (!find_named(masks, tensor.name)) continue;
    const auto size = static_cast<float>(deviation(tensor));
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

namespace {

// The ticket from which a control starts.
struct Ticket {
  const Replicate& replicate;
  unsigned level;
  const std::vector<Mask>& masks;
  ControlTrial trial;
};

void reinitialize(const Ticket& ticket, LevelStart& start) {
  const Replicate& replicate = ticket.replicate;
  start.weights =
      reinitialized(replicate.network(), replicate.config().initialization, ticket.level, ticket.trial);
  start.record_initial_weights = true;
}

void draw_mask(const Ticket& ticket, LevelStart& start) {
  start.masks = random_masks(ticket.masks, ticket.trial.seed, ticket.level, ticket.trial.trial);
}

void draw_mask_of_network(const Ticket& ticket, LevelStart& start) {
  start.masks = random_masks_of_network(ticket.masks, ticket.trial.seed, ticket.level, ticket.trial.trial);
}

void shuffle_weights(const Ticket& ticket, LevelStart& start) {
  start.weights = shuffled_weights(std::move(start.weights), ticket.masks, ticket.level, ticket.trial);
  start.record_initial_weights = true;
}

void keep_signs(const Ticket& ticket, LevelStart& start) {
  start.weights = signs_of(std::move(start.weights), ticket.masks);
  start.record_initial_weights = true;
}

void train_nothing(const Ticket& /*ticket*/, LevelStart& start) {
  start.training.steps = start.first_step;
}

// Returns the prunings that led to a level's mask, first to last.
std::vector<PruningRound> pruning_rounds(const Replicate& replicate, unsigned level) {
  std::vector<PruningRound> rounds;
  for (std::optional<unsigned> pruned = level; pruned && *pruned > 0;
       pruned = replicate.config().pruned_level(*pruned)) {
    PrunedNetwork network = pruned_network(replicate, *pruned);
    const PruningInput input{network.masks, replicate.run().init_weights, network.weights,
                             replicate.run().seed, &replicate.data().dataset};
    std::vector<std::vector<double>> scores = pruning_scores(input, replicate.config());
    rounds.push_back({std::move(network.masks), std::move(scores)});
  }
  std::ranges::reverse(rounds);
  return rounds;
}

void invert_mask(const Ticket& ticket, LevelStart& start) {
  start.masks = inverted_masks(ticket.masks, pruning_rounds(ticket.replicate, ticket.level),
                               ticket.replicate.config().granularity);
}

struct Change {
  Control value;
  void (*apply)(const Ticket& ticket, LevelStart& start);
};

constexpr Change kChanges[] = {
    {Control::random_reinit, reinitialize},
    {Control::random_mask, draw_mask},
    {Control::global_random_mask, draw_mask_of_network},
    {Control::shuffled_weights, shuffle_weights},
    {Control::sign_only, keep_signs},
    {Control::supermask, train_nothing},
    {Control::inverted_mask, invert_mask},
};
static_assert(std::size(kChanges) == std::size(kControls));

}  // namespace

LevelStart start_control(const Replicate& replicate, Control control, unsigned trial, unsigned level,
                         const std::vector<Mask>& masks) {
  const bool rewound = row_of(kControls, control).is_rewound;
  LevelStart start =
      replicate.start_fresh(level, masks, rewound ? std::uint64_t{replicate.config().rewind_step} : 0);
  if (rewound) replicate.rewind(start);
  row_of(kChanges, control).apply({replicate, level, masks, {replicate.run().seed, trial}}, start);
  return start;
}

}  // namespace ltlab
