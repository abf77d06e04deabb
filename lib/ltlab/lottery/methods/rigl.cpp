#include "ltlab/lottery/methods/rigl.h"

#include <cmath>
#include <memory>
#include <numbers>

#include "ltlab/lottery/methods/methods.h"

namespace ltlab {

double RigL::drop_fraction(std::uint64_t step) const {
  const double passed = static_cast<double>(step) / static_cast<double>(changes().end);
  return DynamicSparseTraining::drop_fraction(step) / 2 * (1 + std::cos(passed * std::numbers::pi));
}

std::vector<float> RigL::growth_scores(const Mask& mask, std::uint64_t /*step*/,
                                       const TrainedWeights& before) const {
  return magnitudes(*find_named(before.gradients, mask.name));
}

template <>
LevelStart start_level<PruningTime::rigl>(const Replicate& replicate, unsigned level) {
  LevelStart start = start_sparse(replicate, level);
  start.schedule = std::make_shared<RigL>(replicate.config().drop_fraction,
                                          mask_changes(replicate.config(), start.training.steps));
  return start;
}

}  // namespace ltlab
