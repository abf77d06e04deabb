#include "ltlab/lottery/methods/methods.h"

namespace ltlab {
namespace {

// The survivors, and their optimizer's state, stay as they were trained. The learning rate returns to the
// rewind step, or stays too; or nothing is trained any more.
void keep_trained(const SearchConfig& config, const PrunedNetwork& before, LevelStart& start) {
  start.weights = before.weights;
  start.record_initial_weights = true;
  if (config.retraining == Retraining::none) {
    start.first_step = start.training.steps;
    return;
  }
  start.optimizer = before.optimizer;
  start.record_optimizer = config.pruned_weights() == PrunedWeights::of_level_before;
  if (config.retraining != Retraining::fine_tuning) return;
  const LearningRateSchedule& schedule = config.training.learning_rate;
  start.training.learning_rate = {};
  start.training.learning_rate.base = schedule.rate(config.training.steps - 1);
}

}  // namespace

// Prunes the lowest of the weights that an earlier level trained, and retrains the others.
template <>
LevelStart start_level<PruningTime::after_training>(const Replicate& replicate, unsigned level) {
  const SearchConfig& config = replicate.config();
  const PrunedNetwork before = pruned_network(replicate, level);
  LevelStart start = replicate.start_fresh(
      level, prune_to_plan(before.input(replicate), replicate.plan(level), config), config.rewind_step);
  start.flops_of_masks = scoring_flops(before.masks, config, replicate.data().dataset);
  if (config.retraining == Retraining::weight_rewinding) {
    replicate.rewind(start);
  } else {
    keep_trained(config, before, start);
  }
  return start;
}

}  // namespace ltlab
