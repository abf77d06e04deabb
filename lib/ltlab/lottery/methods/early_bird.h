#pragma once

#include <deque>
#include <utility>

#include "ltlab/lottery/methods/scheduled_pruning.h"

namespace ltlab {

/// Early-Bird tickets (You et al. 2020, arXiv 1909.11957, section 3.3 and algorithm 1): a dense network
/// trains until the mask that pruning it would give has settled; that mask is drawn, and training goes on
/// from the weights as they are. At the end of the changes it is drawn in any case.
///
/// Settling says when a mask has settled. By queue, it is near each of the masks of the four checks before,
/// as in their code (RICE-EIC/Early-Bird-Tickets, which keeps five masks), so that a mask that drifts slowly
/// has not settled. By consecutive, the masks of six checks in a row were each near the one before, as in the
/// paper (its queue of five distances). Masks are near where they differ by less than the config's mask
/// distance (0.1 in both).
///
/// The paper prunes filters by batch norm's scales and checks epochs apart; here any score and granularity
/// may decide, and checks are `every` steps apart. Their distance is the Hamming distance over all that may
/// be pruned, which no two sparse masks exceed; mask_distance() is over the survivors, and equals it at half
/// of the weights.
class EarlyBird final : public MaskSchedule {
 public:
  /// Returns how many checks it takes at least until a mask has settled.
  static unsigned checks_to_settle(Settling settling) { return settling == Settling::queue ? 5 : 6; }

  explicit EarlyBird(ScheduledPruning pruning) : pruning_(std::move(pruning)) {}

  bool changes_at(std::uint64_t step) const override { return !is_drawn() && pruning_.due_at(step); }
  std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) override;
  double flops_of_change(const std::vector<Mask>& before) const override { return pruning_.flops(before); }

  std::vector<Tensor> memory() const override;
  void restore(const std::vector<Tensor>& memory) override;

 private:
  bool is_drawn() const { return near_ == needed(); }
  // Returns how many small distances show that a mask has settled.
  unsigned needed() const { return checks_to_settle(pruning_.config.settling) - 1; }
  // Returns how many small distances a check finds, with those that it follows.
  unsigned count_near(const std::vector<Mask>& masks) const;

  ScheduledPruning pruning_;
  std::deque<std::vector<Mask>> last_;  // masks of the last checks, the newest first; as many as are compared
  unsigned near_ = 0;                   // small distances: in a row, or to the masks before
};

}  // namespace ltlab
