#include "ltlab/lottery/methods/methods.h"

namespace ltlab {

// The same as after training, except that the weights of the rewind step are pruned, and then trained
// further.
template <>
LevelStart start_level<PruningTime::before_training>(const Replicate& replicate, unsigned level) {
  return start_level<PruningTime::after_training>(replicate, level);
}

}  // namespace ltlab
