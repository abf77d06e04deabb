#pragma once

#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// How a pruned level begins, by a time of pruning: with its masks, and its weights before training. Each is
/// defined in a file of its own here; one of kPruningTimes that has none does not link.
template <PruningTime time>
LevelStart start_level(const Replicate& replicate, unsigned level);
template <>
LevelStart start_level<PruningTime::after_training>(const Replicate& replicate, unsigned level);

/// The same by the config's time of pruning; level 0 keeps everything, and with --from another run brings the
/// masks of the others.
LevelStart start_level(const Replicate& replicate, unsigned level);

/// The weights that were pruned for a level, under the masks that they had.
struct PrunedNetwork {
  std::vector<Mask> masks;
  std::vector<Tensor> weights;
};

/// Those of a level, in a search that prunes what has been trained or is yet to be.
PrunedNetwork pruned_network(const Replicate& replicate, unsigned level);

}  // namespace ltlab
