#include "ltlab/lottery/pruning_round.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

const Tensor& weights_of(const Mask& mask, const LevelRecord& level) {
  const Tensor* weights = find_named(level.weights, mask.name);
  if (weights && weights->shape == mask.shape) return *weights;
  throw StoreError("level " + std::to_string(level.level) + " has no weights for mask '" + mask.name + "'");
}

std::size_t differing_weights(const Mask& a, const Mask& b) {
  return std::transform_reduce(a.keep.begin(), a.keep.end(), b.keep.begin(), std::size_t{0}, std::plus<>(),
                               [](std::uint8_t x, std::uint8_t y) { return x == y ? 0u : 1u; });
}

}  // namespace

std::vector<Mask> prune(const LevelRecord& before, const SearchConfig& config) {
  const std::string output_layer = layer_names(config.model).back();
  std::vector<PruningCandidate> candidates;
  for (const Mask& mask : before.masks) {
    const bool output = mask.name == output_layer + ".weight";
    candidates.push_back({mask, weights_of(mask, before), config.rate_of(mask.shape, output)});
  }
  return prune_by_magnitude(candidates, config.scope);
}

std::vector<std::string> pruning_faults(const RunRecord& run, const LevelRecord& before,
                                        const LevelRecord& level) {
  const std::vector<Mask> expected = prune(before, pruning_settings(run.config));
  std::vector<std::string> faults;
  for (const Mask& mask : expected) {
    const Mask* found = find_named(level.masks, mask.name);
    const std::string name = "mask/" + mask.name;
    if (!found || found->shape != mask.shape) {
      faults.push_back(name + ": level " + std::to_string(level.level) + " has none of its shape");
    } else if (const std::size_t differing = differing_weights(mask, *found); differing > 0) {
      faults.push_back(name + ": " + std::to_string(differing) +
                       " weights are not as pruning the weights of level " + std::to_string(before.level) +
                       " gives them");
    }
  }
  return faults;
}

}  // namespace ltlab
