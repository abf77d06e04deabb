#include "ltlab/lottery/controls.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/random.h"

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

// Where each weight of a mask stands in the order in which the rounds prune, from 0 (first) to 1.
std::vector<double> places_in_order(std::size_t layer, const std::vector<PruningRound>& rounds) {
  std::vector<double> places(rounds.front().masks[layer].size());
  for (const PruningRound& round : rounds) {
    std::vector<std::uint32_t> order = survivors_of(round.masks[layer]);
    const std::vector<double>& scores = round.scores[layer];
    std::ranges::stable_sort(order, {}, [&](std::uint32_t i) { return scores[i]; });
    // What a later round still finds comes after all that is gone by then.
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

}  // namespace ltlab
