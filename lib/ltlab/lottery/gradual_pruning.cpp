#include "ltlab/lottery/gradual_pruning.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ltlab {

GradualPruning::GradualPruning(ScheduledPruning pruning) : pruning_(std::move(pruning)) {}

std::vector<PruningGroup> GradualPruning::plan_at(std::uint64_t step) const {
  const auto& [begin, end, every] = pruning_.changes;
  const double passed = std::clamp(
      (static_cast<double>(step) - static_cast<double>(begin)) / static_cast<double>(end - begin), 0.0, 1.0);
  const bool cubic = pruning_.config.gradual_course == GradualCourse::cubic;
  const double left = cubic ? std::pow(1 - passed, 3) : 1 - passed;
  std::vector<PruningGroup> plan = pruning_.plan;
  for (PruningGroup& group : plan) {
    const auto pruned = static_cast<double>(group.weights - group.survivors);
    group.survivors = group.weights - static_cast<std::size_t>(std::llround((1 - left) * pruned));
  }
  return plan;
}

std::vector<Mask> GradualPruning::change(std::uint64_t step, const TrainedWeights& before) {
  return pruning_.prune(before, plan_at(step));
}

}  // namespace ltlab
