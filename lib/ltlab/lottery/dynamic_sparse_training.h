#pragma once

#include <cstdint>

#include "ltlab/lottery/mask_schedule.h"
#include "ltlab/lottery/pruning_plan.h"

namespace ltlab {

/// Dynamic sparse training: a sparse network whose masks move while it trains, each of its layers at a fixed
/// number of weights. Every `every` steps, a fraction of each layer's survivors, those of least magnitude, is
/// dropped, and as many weights grow, from 0 and without an optimizer's state; what is dropped may grow again
/// at once, and then goes on as it was.
///
/// - RigL (Evci et al. 2020, arXiv 1911.11134, algorithm 1): at step t the fraction is a/2 (1 + cos(t pi /
///   end)), rounded down to whole weights, and those grow whose gradients are greatest in magnitude. The
///   gradients are those of the step's own batch, which brings no update.
/// - SET (Mocanu et al. 2018, arXiv 1707.04780, algorithm 1): the fraction is always a, and those that grow
///   are drawn. There masks change after each epoch until the end, and new weights are drawn; here they
///   change and begin as in RigL, whose paper compares both so.
class DynamicSparseTraining final : public MaskSchedule {
 public:
  /// What is drawn is named by (seed, level). `config` is in steps.
  DynamicSparseTraining(const SearchConfig& config, MaskChanges changes, std::uint64_t seed, unsigned level);

  bool changes_at(std::uint64_t step) const override;
  bool sees_gradients() const override { return rigl_; }
  std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) override;

  /// Of the survivors, dropped at `step`.
  double drop_fraction(std::uint64_t step) const;

 private:
  bool rigl_;
  double fraction_;
  MaskChanges changes_;
  std::uint64_t seed_;
  unsigned level_;
};

/// The masks that a level begins with: of each group's layers as many weights as the plan keeps, at random
/// places. The plan must have a group for each layer.
std::vector<Mask> draw_sparse_masks(const std::vector<Mask>& layers, const std::vector<PruningGroup>& plan,
                                    std::uint64_t seed, unsigned level);

}  // namespace ltlab
