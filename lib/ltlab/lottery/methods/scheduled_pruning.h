#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/lottery/mask_schedule.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// The parts of pruning during training that stay the same. The config, in steps, and the dataset must
/// outlive it.
struct ScheduledPruning {
  const SearchConfig& config;
  std::vector<PruningGroup> plan;  ///< of the level
  MaskChanges changes;
  std::vector<Tensor> initial;  ///< weights at step 0
  std::uint64_t seed;           ///< this and the dataset are for scores that draw or ask the network
  const Dataset& dataset;

  /// Returns whether masks are looked at once `step` steps are done: at intervals after the beginning, and at
  /// the end.
  bool due_at(std::uint64_t step) const {
    if (step <= changes.begin || step > changes.end) return false;
    return step == changes.end || (step - changes.begin) % changes.every == 0;
  }
  /// Returns the masks that are left when trained weights are pruned to a plan.
  std::vector<Mask> prune(const TrainedWeights& before, const std::vector<PruningGroup>& to) const {
    return prune_to_plan({before.masks, initial, before.weights, seed, &dataset}, to, config);
  }
  double flops(const std::vector<Mask>& before) const { return scoring_flops(before, config, dataset); }
};

/// Returns the pruning of the level that starts so.
inline ScheduledPruning pruning_of(const Replicate& replicate, const LevelStart& start) {
  const SearchConfig& config = replicate.config();
  return {config,
          replicate.plan(start.level),
          mask_changes(config, start.training.steps),
          replicate.run().init_weights,
          replicate.seeds().mask,
          replicate.data().dataset};
}

}  // namespace ltlab
