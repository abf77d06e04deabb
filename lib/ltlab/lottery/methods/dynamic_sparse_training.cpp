#include "ltlab/lottery/methods/dynamic_sparse_training.h"

#include <cmath>

#include "ltlab/lottery/pruning_round.h"
#include "ltlab/prune/pruning.h"

namespace ltlab {

std::vector<float> magnitudes(const Tensor& tensor) {
  std::vector<float> values(tensor.values.begin(), tensor.values.end());
  for (float& value : values) value = std::abs(value);
  return values;
}

bool DynamicSparseTraining::changes_at(std::uint64_t step) const {
  return step > changes_.begin && step < changes_.end && (step - changes_.begin) % changes_.every == 0;
}

std::vector<Mask> DynamicSparseTraining::change(std::uint64_t step, const TrainedWeights& before) {
  std::vector<Mask> masks;
  masks.reserve(before.masks.size());
  for (const Mask& mask : before.masks) {
    masks.push_back(drop_and_grow(mask, dropped(mask, step, *find_named(before.weights, mask.name)),
                                  growth_scores(mask, step, before)));
  }
  return masks;
}

std::vector<std::uint32_t> DynamicSparseTraining::dropped(const Mask& mask, std::uint64_t step,
                                                          const Tensor& weights) const {
  const auto count = static_cast<std::size_t>(drop_fraction(step) * static_cast<double>(mask.survivors()));
  return lowest(places_of(mask, 1), magnitudes(weights), count);
}

LevelStart start_sparse(const Replicate& replicate, unsigned level) {
  return replicate.start_fresh(
      level, draw_sparse_masks(full_masks(replicate.network()), replicate.plan(level), replicate.seeds().mask,
                               level));
}

}  // namespace ltlab
