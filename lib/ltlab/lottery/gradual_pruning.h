#pragma once

#include "ltlab/lottery/mask_schedule.h"
#include "ltlab/lottery/pruning_plan.h"

namespace ltlab {

/// Gradual pruning during training (Zhu & Gupta 2017, arXiv 1710.01878, equation 1). Of each group's weights
/// that the level's plan prunes, the fraction 1 - (1 - p)^3 is gone at step t, where p = (t - begin) / (end -
/// begin); with GradualCourse::linear, the fraction p. The masks change every `every` steps after `begin`,
/// and at `end`.
class GradualPruning final : public MaskSchedule {
 public:
  /// `initial` are the weights at step 0, seed and dataset are for scores that draw or ask the network.
  /// `config` is in steps; it and the dataset outlive the schedule.
  GradualPruning(const SearchConfig& config, std::vector<PruningGroup> plan, MaskChanges changes,
                 std::vector<Tensor> initial, std::uint64_t seed, const Dataset& dataset);

  bool changes_at(std::uint64_t step) const override;
  bool sees_gradients() const override { return false; }
  std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) const override;
  double flops_of_change(const std::vector<Mask>& before) const override;

  /// The plan with as many survivors as there are from `step` on.
  std::vector<PruningGroup> plan_at(std::uint64_t step) const;

 private:
  const SearchConfig& config_;
  std::vector<PruningGroup> plan_;
  MaskChanges changes_;
  std::vector<Tensor> initial_;
  std::uint64_t seed_;
  const Dataset& dataset_;
};

}  // namespace ltlab
