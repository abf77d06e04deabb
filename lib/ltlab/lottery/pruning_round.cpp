#include "ltlab/lottery/pruning_round.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

#include "ltlab/nn/models.h"
#include "ltlab/prune/scores.h"

namespace ltlab {
namespace {

const Tensor& weights_of(const Mask& mask, const std::vector<Tensor>& weights) {
  const Tensor* found = find_named(weights, mask.name);
  if (found && found->shape == mask.shape) return *found;
  throw StoreError("there are no weights for mask '" + mask.name + "'");
}

std::size_t differing_weights(const Mask& a, const Mask& b) {
  return std::transform_reduce(a.keep.begin(), a.keep.end(), b.keep.begin(), std::size_t{0}, std::plus<>(),
                               [](std::uint8_t x, std::uint8_t y) { return x == y ? 0u : 1u; });
}

// A line for each layer whose mask differs.
std::vector<std::string> differing_masks(const std::vector<Mask>& expected, const LevelRecord& level,
                                         const std::string& origin) {
  std::vector<std::string> faults;
  for (const Mask& mask : expected) {
    const Mask* found = find_named(level.masks, mask.name);
    const std::string name = "mask/" + mask.name;
    if (!found || found->shape != mask.shape) {
      faults.push_back(name + ": level " + std::to_string(level.level) + " has none of its shape");
    } else if (const std::size_t differing = differing_weights(mask, *found); differing > 0) {
      faults.push_back(name + ": " + std::to_string(differing) + " weights are not as pruning " + origin +
                       " gives them");
    }
  }
  return faults;
}

std::vector<Mask> full_masks(const std::vector<Mask>& masks) {
  std::vector<Mask> full;
  for (const Mask& mask : masks) full.push_back(full_mask(mask.name, mask.shape));
  return full;
}

std::optional<std::vector<std::string>> pruning_faults(const RunRecord& run, const LevelRecord* before,
                                                       const LevelRecord& level) {
  const SearchConfig config = pruning_settings(run.config + run.extent);
  const bool untrained = config.pruning_time == PruningTime::before_training;
  if (level.level == 0 || config.moves_masks() || (!untrained && !before)) return std::nullopt;
  const std::vector<Mask> masks = untrained ? full_masks(level.masks) : before->masks;
  const std::vector<Tensor>& weights = untrained ? run.rewind_weights : before->weights;
  const std::vector<Mask> expected =
      prune_to_plan({masks, run.init_weights, weights}, plan_level(config, masks, level.level), config);
  return differing_masks(
      expected, level,
      untrained ? "the weights of the rewind step" : "the weights of level " + std::to_string(before->level));
}

}  // namespace

std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<Mask>& masks,
                                     unsigned level) {
  const std::string output_layer = layer_names(config.model).back();
  std::vector<PrunableLayer> layers;
  for (const Mask& mask : masks) layers.push_back({mask.shape, mask.name == output_layer + ".weight"});
  return plan_level(config, layers, level);
}

std::vector<Mask> prune_to_plan(const PruningInput& input, const std::vector<PruningGroup>& plan,
                                const SearchConfig& /*config*/) {
  std::vector<PruningCandidate> candidates;
  for (const Mask& mask : input.masks) {
    const Tensor& weights = weights_of(mask, input.weights);
    candidates.push_back({mask, score_weights(Score::magnitude, {mask, weights, weights})});
  }
  std::vector<Quota> quotas;
  for (const PruningGroup& group : plan) quotas.push_back({group.layers, group.survivors});
  return prune_by_score(candidates, quotas, {});
}

LevelRules pruning_rules() {
  return {[](const RunRecord& run, unsigned level) {
            return level_before(pruning_settings(run.config + run.extent), level);
          },
          pruning_faults};
}

}  // namespace ltlab
