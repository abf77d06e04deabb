#pragma once

#include <utility>

#include "ltlab/lottery/methods/scheduled_pruning.h"

namespace ltlab {

/// Early-Bird tickets (You et al. 2020, arXiv 1909.11957, section 3.3 and algorithm 1): a dense network
/// trains until the mask that pruning it would give has settled; that mask is drawn, and training goes on
/// from the weights as they are. The mask has settled once it moved by less than the config's mask distance
/// between each of six checks in a row (their queue of five distances, below 0.1); at the end of the changes
/// it is drawn in any case.
///
/// The paper prunes filters by batch norm's scales and checks epochs apart; here any score and granularity
/// may decide, and checks are `every` steps apart. Their distance is the Hamming distance over all that may
/// be pruned, which no two sparse masks exceed; mask_distance() is over the survivors, and equals it at half
/// of the weights.
class EarlyBird final : public MaskSchedule {
 public:
  /// Small distances in a row after which a mask has settled.
  static constexpr unsigned kSettled = 5;

  explicit EarlyBird(ScheduledPruning pruning) : pruning_(std::move(pruning)) {}

  bool changes_at(std::uint64_t step) const override { return !is_drawn() && pruning_.due_at(step); }
  std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) override;
  double flops_of_change(const std::vector<Mask>& before) const override { return pruning_.flops(before); }

  std::vector<Tensor> memory() const override;
  void restore(const std::vector<Tensor>& memory) override;

 private:
  bool is_drawn() const { return calm_ == kSettled; }

  ScheduledPruning pruning_;
  std::vector<Mask> last_;  // of the last check; empty before the first
  unsigned calm_ = 0;       // distances in a row, up to the last one, that were small
};

}  // namespace ltlab
