#include "ltlab/lottery/gradual_pruning.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ltlab/lottery/pruning_round.h"

namespace ltlab {

GradualPruning::GradualPruning(const SearchConfig& config, std::vector<PruningGroup> plan,
                               MaskChanges changes, std::vector<Tensor> initial, std::uint64_t seed,
                               const Dataset& dataset)
    : config_(config),
      plan_(std::move(plan)),
      changes_(changes),
      initial_(std::move(initial)),
      seed_(seed),
      dataset_(dataset) {}

bool GradualPruning::changes_at(std::uint64_t step) const {
  if (step <= changes_.begin || step > changes_.end) return false;
  return step == changes_.end || (step - changes_.begin) % changes_.every == 0;
}

std::vector<PruningGroup> GradualPruning::plan_at(std::uint64_t step) const {
  const auto steps = static_cast<double>(changes_.end - changes_.begin);
  const double passed =
      std::clamp((static_cast<double>(step) - static_cast<double>(changes_.begin)) / steps, 0.0, 1.0);
  const double left = config_.gradual_course == GradualCourse::cubic ? std::pow(1 - passed, 3) : 1 - passed;
  std::vector<PruningGroup> plan = plan_;
  for (PruningGroup& group : plan) {
    const auto pruned = static_cast<double>(group.weights - group.survivors);
    group.survivors = group.weights - static_cast<std::size_t>(std::llround((1 - left) * pruned));
  }
  return plan;
}

std::vector<Mask> GradualPruning::change(std::uint64_t step, const TrainedWeights& before) const {
  return prune_to_plan({before.masks, initial_, before.weights, seed_, &dataset_}, plan_at(step), config_);
}

double GradualPruning::flops_of_change(const std::vector<Mask>& before) const {
  return scoring_flops(before, config_, dataset_);
}

}  // namespace ltlab
