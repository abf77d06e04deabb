#pragma once

#include <utility>

#include "ltlab/lottery/methods/scheduled_pruning.h"

namespace ltlab {

/// Gradual pruning during training (Zhu & Gupta 2017, arXiv 1710.01878, equation 1). At step t, the fraction
/// 1 - (1 - p)^3 of each group's weights that the level's plan prunes is gone, where p = (t - begin) / (end -
/// begin); with GradualCourse::linear, the fraction p. The masks change every `every` steps after `begin`,
/// and at `end`.
class GradualPruning final : public MaskSchedule {
 public:
  explicit GradualPruning(ScheduledPruning pruning) : pruning_(std::move(pruning)) {}

  bool changes_at(std::uint64_t step) const override { return pruning_.due_at(step); }
  std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) override;
  double flops_of_change(const std::vector<Mask>& before) const override { return pruning_.flops(before); }

  /// Returns the plan with the numbers of survivors from `step` on.
  std::vector<PruningGroup> plan_at(std::uint64_t step) const;

 private:
  ScheduledPruning pruning_;
};

}  // namespace ltlab
