#include "ltlab/lottery/dynamic_sparse_training.h"

#include <cmath>
#include <numbers>

#include "ltlab/base/random.h"
#include "ltlab/prune/regrowth.h"

namespace ltlab {
namespace {

std::vector<float> magnitudes(const Tensor& tensor) {
  std::vector<float> result;
  result.reserve(tensor.values.size());
  for (const float value : tensor.values) result.push_back(std::abs(value));
  return result;
}

std::vector<float> drawn(const Mask& mask, std::uint64_t seed, unsigned level, std::uint64_t step) {
  RandomStream random({seed, "set/" + mask.name, level, step});
  std::vector<float> result(mask.size());
  for (float& value : result) value = static_cast<float>(random.uniform());
  return result;
}

}  // namespace

DynamicSparseTraining::DynamicSparseTraining(const SearchConfig& config, MaskChanges changes,
                                             std::uint64_t seed, unsigned level)
    : rigl_(config.pruning_time == PruningTime::rigl),
      fraction_(config.drop_fraction),
      changes_(changes),
      seed_(seed),
      level_(level) {}

bool DynamicSparseTraining::changes_at(std::uint64_t step) const {
  return step > changes_.begin && step < changes_.end && (step - changes_.begin) % changes_.every == 0;
}

double DynamicSparseTraining::drop_fraction(std::uint64_t step) const {
  if (!rigl_) return fraction_;
  const double passed = static_cast<double>(step) / static_cast<double>(changes_.end);
  return fraction_ / 2 * (1 + std::cos(passed * std::numbers::pi));
}

std::vector<Mask> DynamicSparseTraining::change(std::uint64_t step, const TrainedWeights& before) {
  std::vector<Mask> masks;
  for (const Mask& mask : before.masks) {
    const auto count = static_cast<std::size_t>(drop_fraction(step) * static_cast<double>(mask.survivors()));
    const RegrowthScores scores{
        magnitudes(*find_named(before.weights, mask.name)),
        rigl_ ? magnitudes(*find_named(before.gradients, mask.name)) : drawn(mask, seed_, level_, step)};
    masks.push_back(drop_and_grow(mask, scores, count));
  }
  return masks;
}

std::vector<Mask> draw_sparse_masks(const std::vector<Mask>& layers, const std::vector<PruningGroup>& plan,
                                    std::uint64_t seed, unsigned level) {
  std::vector<Mask> masks;
  for (const PruningGroup& group : plan) {
    const Mask& layer = layers.at(group.layers.at(0));
    RandomStream random({seed, "sparse/" + layer.name, level, 0});
    const std::vector<std::uint32_t> order = random.permutation(static_cast<std::uint32_t>(layer.size()));
    Mask mask{layer.name, layer.shape, std::vector<std::uint8_t>(layer.size(), 0)};
    for (std::size_t i = 0; i < group.survivors; ++i) mask.keep[order[i]] = 1;
    masks.push_back(std::move(mask));
  }
  return masks;
}

}  // namespace ltlab
