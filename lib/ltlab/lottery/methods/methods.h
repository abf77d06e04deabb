#pragma once

#include "ltlab/lottery/pruning_round.h"
#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// Returns how a pruned level begins, by a time of pruning: its masks, and its weights before training. Each
/// is defined in its own file here; one of kPruningTimes without a definition does not link.
template <PruningTime time>
LevelStart start_level(const Replicate& replicate, unsigned level);
template <>
LevelStart start_level<PruningTime::after_training>(const Replicate& replicate, unsigned level);

/// The same by the config's time of pruning; level 0 keeps everything, and with --from another run provides
/// the masks of the others.
LevelStart start_level(const Replicate& replicate, unsigned level);

/// The weights that were pruned for a level, under the masks that they had, and their optimizer's state where
/// it is kept.
struct PrunedNetwork {
  std::vector<Mask> masks;
  std::vector<Tensor> weights, optimizer;

  PruningInput input(const Replicate& replicate) const {
    const RunRecord& run = replicate.run();
    return {masks, run.init_weights, weights, replicate.seeds().mask, &replicate.data().dataset};
  }
};

/// Returns a level's pruned network, in a search that prunes weights already trained or yet to be.
PrunedNetwork pruned_network(const Replicate& replicate, unsigned level);

}  // namespace ltlab
