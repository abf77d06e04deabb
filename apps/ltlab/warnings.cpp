#include "warnings.h"

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/lottery/methods/early_bird.h"
#include "ltlab/lottery/transfer.h"
#include "ltlab/nn/models.h"
#include "ltlab/prune/scores.h"

namespace ltlab::app {
namespace {

void warn(const std::string& text) {
  std::cerr << "ltlab: warning: " << text << '\n';
}

void warn_of_milestones(const LearningRateSchedule& schedule, std::uint64_t steps) {
  if (schedule.shape != LearningRateSchedule::Shape::step) return;
  std::vector<std::string> beyond;
  for (const std::uint64_t milestone : schedule.milestones) {
    if (milestone >= steps) beyond.push_back(std::to_string(milestone));
  }
  if (!beyond.empty()) {
    warn("--milestones " + listed(beyond) + ": training ends at step " + std::to_string(steps) +
         ", so the learning rate does not drop there; give others, or more --steps");
  }
  const auto twice = std::ranges::adjacent_find(schedule.milestones, std::equal_to<>());
  if (twice != schedule.milestones.end()) {
    warn("--milestones has " + std::to_string(*twice) +
         " twice, so the learning rate drops twice there; leave one out if that is not meant");
  }
}

// Warns of changes that happen at most once in a training, though they should happen several times.
void warn_of_rare_changes(const SearchConfig& config) {
  if (!config.moves_masks()) return;
  const auto [begin, end, every] = mask_changes(config, config.training.steps);
  const std::uint64_t times = (end - begin - 1) / every;  // before the end
  const std::string given = "--prune-every " + std::to_string(every) + ": ";
  const std::string span = " from step " + std::to_string(begin) + " to " + std::to_string(end);
  const std::string advice = "; give fewer, or more --steps";
  if (config.trains_sparse()) {
    if (times == 0) warn(given + "masks never change" + span + advice);
  } else if (config.prune == PruningTime::early_bird) {
    const unsigned checks = EarlyBird::checks_to_settle(config.settling);
    if (times < checks)
      warn(given + "no mask can settle" + span + ", which takes " + std::to_string(checks) +
           " checks, so each is drawn at the end" + advice);
  } else if (times == 0) {
    warn(given + "all is pruned at once, at step " + std::to_string(end) + advice);
  }
}

void warn_of_few_images(const SearchConfig& config, std::size_t images) {
  if (config.training.batch > images)
    warn("--batch " + std::to_string(config.training.batch) + ": there are but " + std::to_string(images) +
         " training images, so that every step sees them all");
  if (!row_of(kScores, config.score).sees_images() || config.score_images <= images) return;
  warn("--score-images " + std::to_string(config.score_images) + ": there are but " + std::to_string(images) +
       " training images, so the score sees those");
}

// Warns of settings for levels, or layers, that the search does not have.
void warn_of_absent(const SearchConfig& config, std::size_t levels) {
  if (config.level_steps.size() > levels)
    warn("--level-steps tells " + std::to_string(config.level_steps.size()) + " levels, and the search has " +
         std::to_string(levels));
  if (levels == 0 && !config.controls.empty())
    warn("--control: the search has no pruned level that a control could be compared with");
  const std::vector<std::string> layers = layer_names(config.model);
  if (config.convolution_rate &&
      std::ranges::none_of(layers, [](const std::string& layer) { return layer.starts_with("conv"); }))
    warn("--convolution-rate: the model has no convolution");
}

void warn_of_masked_weights(const std::string& from) {
  if (from.empty() || !starts_masked(read_saved_tickets(from, 0))) return;
  warn(
      "the weights that '" + from +
      "' starts from are zero where its masks prune, so the dense network of level 0 starts from those "
      "zeros, "
      "too, and says little; its tickets are as they were. Give a run that holds the weights from before the "
      "pruning: of an import, those that `ltlab_io.py import-pytorch --init` or its like takes");
}

}  // namespace

void warn_of_empty_classes(const Dataset& dataset) {
  const std::vector<std::size_t> without = classes_without_images(dataset);
  if (without.empty()) return;
  warn("no training image of '" + dataset.name + "' has label " + ranges(without) + ": " +
       std::to_string(without.size()) + " of its " + std::to_string(dataset.classes) +
       " classes are empty, yet networks have outputs for them; labels should be 0, 1, ... without gaps, so "
       "look "
       "for stray ones");
}

void warn_of_settings(const SearchConfig& config, std::size_t training_images, std::size_t levels) {
  warn_of_milestones(config.training.learning_rate, config.training.steps);
  warn_of_rare_changes(config);
  warn_of_few_images(config, training_images);
  warn_of_absent(config, levels);
  warn_of_masked_weights(config.from);
}

}  // namespace ltlab::app
