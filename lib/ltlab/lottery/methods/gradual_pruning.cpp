#include "ltlab/lottery/methods/gradual_pruning.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "ltlab/lottery/flop_budget.h"
#include "ltlab/lottery/methods/methods.h"

namespace ltlab {
namespace {

// Returns the mean FLOPs of a step while a level is pruned, over those of the dense network.
double mean_step_flops_of(const Replicate& replicate, const LevelStart& start) {
  const SearchConfig& config = replicate.config();
  const std::vector<Mask> last =
      draw_sparse_masks(start.masks, replicate.plan(start.level), replicate.seeds().mask, start.level);
  const std::uint64_t steps = config.training.steps;
  return mean_step_flops(config.gradual_course, mask_changes(config, steps), steps,
                         replicate.step_flops(last));
}

}  // namespace

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

template <>
LevelStart start_level<PruningTime::during_training>(const Replicate& replicate, unsigned level) {
  LevelStart start = replicate.start_fresh(level, full_masks(replicate.network()));
  if (replicate.config().budget == Budget::flops)
    replicate.fit_to_budget(start, mean_step_flops_of(replicate, start));
  start.schedule = std::make_shared<GradualPruning>(pruning_of(replicate, start));
  return start;
}

}  // namespace ltlab
