#include "ltlab/lottery/methods/methods.h"

namespace ltlab {

// The same as after training, except that every level prunes level 0.
template <>
LevelStart start_level<PruningTime::one_shot>(const Replicate& replicate, unsigned level) {
  return start_level<PruningTime::after_training>(replicate, level);
}

}  // namespace ltlab
