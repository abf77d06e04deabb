#include "ltlab/lottery/methods/methods.h"

namespace ltlab {

// Prunes the weights of the rewind step before they are trained any further.
template <>
LevelStart start_level<PruningTime::before_training>(const Replicate& replicate, unsigned level) {
  LevelStart start = replicate.start_pruned(level, replicate.full_masks(), replicate.run().rewind_weights);
  replicate.rewind(start);
  return start;
}

}  // namespace ltlab
