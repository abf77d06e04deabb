#include "ltlab/lottery/methods/scheduled_pruning.h"

namespace ltlab {

ScheduledPruning pruning_of(const Replicate& replicate, const LevelStart& start) {
  const SearchConfig& config = replicate.config();
  return {config,
          replicate.plan(start.level),
          mask_changes(config, start.training.steps),
          replicate.run().init_weights,
          replicate.run().seed,
          replicate.data().dataset};
}

}  // namespace ltlab
