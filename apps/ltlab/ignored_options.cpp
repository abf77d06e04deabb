#include "ignored_options.h"

#include <algorithm>
#include <vector>

namespace ltlab::app {
namespace {

// Options that mean something only by the choice made with another one.
struct Dependence {
  std::vector<std::string> options;
  std::string choice;  // the option that decides
  bool applies;
  std::string reason;
};

std::vector<Dependence> dependences(const SearchConfig& config) {
  const std::string& optimizer = optimizer_names().name(config.training.optimizer.kind);
  const std::string& schedule = schedule_names().name(config.training.learning_rate.shape);
  const std::string& time = pruning_time_names().name(config.pruning_time);
  const bool sgd = config.training.optimizer.kind == OptimizerConfig::Kind::sgd;
  return {
      {{"momentum", "nesterov"},
       "optimizer",
       sgd,
       "is for --optimizer sgd, and the optimizer is " + optimizer},
      {{"beta1", "beta2", "epsilon"},
       "optimizer",
       !sgd,
       "is for --optimizer adam or adamw, and the optimizer is " + optimizer},
      {{"milestones", "decay-factor"},
       "schedule",
       config.training.learning_rate.shape == LearningRateSchedule::Shape::step,
       "is for --schedule step, and the schedule is " + schedule},
      {{"embedded-train", "embedded-test"},
       "data",
       config.draws_embedded(),
       "is for --data embedded, and the data are " + config.data.source},
      {{"data-dir"},
       "data",
       config.data.source != "embedded" || pretraining_data(config).source != "embedded",
       "is for --data other than embedded, and the data are embedded"},
      {{"pretrain-data", "pretrain-labels"},
       "pretrain",
       config.pretrains(),
       "is for --pretrain, and there is none"},
      {{"rate", "convolution-rate", "output-rate", "levels", "target-density"},
       "densities",
       config.densities.empty(),
       "is not for --densities, which tell all levels"},
      {{"gradual"},
       "prune",
       config.pruning_time == PruningTime::during_training,
       "is for --prune during-training, and that is " + time},
      {{"prune-begin", "prune-end", "prune-every"},
       "prune",
       config.moves_masks(),
       "is for --prune during-training, early-bird, set or rigl, and that is " + time},
      {{"mask-distance"},
       "prune",
       config.pruning_time == PruningTime::early_bird,
       "is for --prune early-bird, and that is " + time},
      {{"drop-fraction"}, "prune", config.trains_sparse(), "is for --prune set or rigl, and that is " + time},
      {{"rate", "convolution-rate", "output-rate", "layer-rate", "levels", "target-density", "densities",
        "prune", "score", "score-images", "granularity", "scope", "min-survivors"},
       "from",
       config.from.empty(),
       "is not for --from, which brings the masks"},
      {{"rate", "convolution-rate", "output-rate", "levels", "target-density", "scope", "min-survivors"},
       "granularity",
       config.granularity.kind != Granularity::Kind::pattern,
       "is not for --granularity " + to_text(config.granularity) +
           ", which has one level of its own density"},
      {{"convolution-rate", "output-rate"},
       "scope",
       config.scope == PruningScope::layerwise || config.scope == PruningScope::global,
       "is not for --scope " + pruning_scope_names().name(config.scope) +
           ", which prunes all layers at one rate"},
      {{"score-images"},
       "score",
       sees_images(config.score),
       "is for --score snip, grasp, taylor or fisher, which see images"},
      {{"trials"},
       "control",
       std::ranges::any_of(config.controls, is_drawn),
       "is for --control, of those that are drawn, and there is none"},
  };
}

bool counts(const GivenOptions& given, const std::string& option, const std::string& choice) {
  return given.command_line.contains(option) ||
         (given.config_file.contains(option) && !given.command_line.contains(choice));
}

}  // namespace

void refuse_ignored_options(const GivenOptions& given, const SearchConfig& config) {
  for (const Dependence& dependence : dependences(config)) {
    if (dependence.applies) continue;
    for (const std::string& option : dependence.options) {
      if (!counts(given, option, dependence.choice)) continue;
      throw ConfigError("--" + option + " " + dependence.reason + ": it would change nothing; leave it out");
    }
  }
}

}  // namespace ltlab::app
