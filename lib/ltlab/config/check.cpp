#include "ltlab/config/check.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ltlab/config/values.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

void require(bool holds, const std::string& message) {
  if (!holds) throw ConfigError(message);
}

void require_count(const std::string& option, std::uint64_t value, std::uint64_t most) {
  require(value >= 1 && value <= most, "--" + option + " must lie between 1 and " + std::to_string(most));
}

void require_below_1(const std::string& option, double value) {
  require(value >= 0 && value < 1, "--" + option + " must be at least 0 and below 1");
}

// Refuses counts beyond memory or patience, typed by mistake.
void check_counts(const SearchConfig& c) {
  require_count("batch", c.training.batch, 65536);
  require_count("replicates", c.replicates, 1000);
  require_count("trials", c.trials, 1000);
  require_count("embedded-train", c.data.embedded_train, 1000000);
  require_count("embedded-test", c.data.embedded_test, 1000000);
  require(c.levels.value_or(0) <= 10000, "--levels must be at most 10000");
}

// Returns every setting that is a number of steps, except the length of pretraining.
std::vector<StepCount*> step_counts(SearchConfig& c) {
  TrainingConfig& t = c.training;
  std::vector<StepCount*> counts{&t.steps, &t.validate_every, &t.learning_rate.warmup_steps, &c.rewind_step};
  if (c.moves_masks()) {
    counts.push_back(&c.prune_every);
    if (c.prune_begin) counts.push_back(&*c.prune_begin);
    if (c.prune_end) counts.push_back(&*c.prune_end);
  }
  for (StepCount& milestone : t.learning_rate.milestones) counts.push_back(&milestone);
  if (c.dense_steps) counts.push_back(&*c.dense_steps);
  for (StepCount& steps : c.level_steps) counts.push_back(&steps);
  return counts;
}

void check_mask_changes(const SearchConfig& c) {
  const std::uint64_t steps = c.training.steps;
  const MaskChanges changes = mask_changes(c, steps);
  require(changes.every > 0, "--prune-every must be at least 1");
  require(changes.begin < changes.end, "--prune-begin, " + std::to_string(changes.begin) +
                                           ", must be below --prune-end, " + std::to_string(changes.end));
  require(changes.end <= steps, "--prune-end must be at most the steps of a level, " + std::to_string(steps));
}

void check_steps(SearchConfig c) {
  if (!std::ranges::all_of(step_counts(c), &StepCount::resolved)) return;
  const TrainingConfig& t = c.training;
  require(t.steps > 0, "--steps must be at least 1");
  require(t.validate_every > 0, "--validate-every must be at least 1");
  require(c.rewind_step < t.steps,
          "--rewind must be below --steps: it is a step of the dense network's training");
  if (c.moves_masks()) check_mask_changes(c);
  require(!c.dense_steps || (*c.dense_steps > 0 && c.rewind_step < *c.dense_steps),
          "--dense-steps must be at least 1, and above --rewind");
  for (const StepCount& steps : c.level_steps)
    require(steps > 0 && c.rewind_step < steps, "--level-steps must be at least 1, and above --rewind");
  require(t.learning_rate.warmup_steps < t.steps, "--warmup must be below --steps");
  require(std::ranges::is_sorted(t.learning_rate.milestones, std::less<>()), "--milestones must ascend");
}

// Refuses controls whose masks need the scores of a pruning, where there are none.
void refuse_unscored(const SearchConfig& c, const std::string& which_lacks) {
  for (const Control control : c.controls) {
    require(row_of(kControls, control).mask != ControlMask::of_lowest_scores,
            "--control " + control_names().name(control) + " needs the scores of the pruning, which " +
                which_lacks);
  }
}

// Masks that change in training start from the weights of step 0, and leave no level to go on from.
void check_moving_masks(const SearchConfig& c) {
  if (!c.moves_masks()) return;
  const std::string prune = "--prune " + pruning_time_names().name(c.prune);
  require(c.rewind_step.none(), prune + " trains from step 0: leave out --rewind");
  require(c.retraining == Retraining::weight_rewinding, prune + " retrains nothing: leave out --retrain");
  require(!c.trains_sparse() || c.scope != PruningScope::global,
          prune + " draws its masks before weights could compete across layers: choose another --scope");
  require(!c.trains_sparse() || (c.score == Score::magnitude && c.granularity == Granularity()),
          prune + " drops and grows single weights by rules of its own: leave out --score and --granularity");
  require(
      c.granularity.kind != Granularity::Kind::pattern || c.prune == PruningTime::early_bird,
      prune + " needs densities in between, and --granularity " + to_text(c.granularity) + " has but one");
  refuse_unscored(c, prune + " does not record");
  require(c.mask_distance > 0 && c.mask_distance <= 1, "--mask-distance must be above 0 and at most 1");
  require(c.drop_fraction > 0 && c.drop_fraction < 1, "--drop-fraction must lie between 0 and 1");
  require(c.budget == Budget::steps || c.trains_sparse() || c.scope != PruningScope::global,
          "--budget flops must know beforehand how dense layers are, and " + prune +
              " with --scope global does not tell: choose another --scope");
}

// A budget of FLOPs decides how long each level trains, before it does.
void check_budget(const SearchConfig& c) {
  if (c.budget == Budget::steps) return;
  require(c.level_steps.empty() && !c.dense_steps,
          "--budget flops decides how long levels train: leave out --level-steps and --dense-steps");
  require(c.prune != PruningTime::early_bird,
          "--budget flops must know beforehand when masks change, and --prune early-bird does not tell");
  require(c.retraining != Retraining::none, "--retrain none trains no level: leave out --budget flops");
}

void check_retraining(const SearchConfig& c) {
  if (c.retraining == Retraining::weight_rewinding) return;
  require(c.pruned_weights() != PrunedWeights::of_rewind_step,
          "--prune " + pruning_time_names().name(c.prune) +
              " leaves no trained weights to go on with: it is for --retrain weights");
  if (c.retraining == Retraining::none) {
    require(c.rewind_step.none(), "--retrain none rewinds nothing: leave out --rewind");
    require(c.level_steps.empty(),
            "--retrain none trains no level but the dense one: leave out --level-steps");
    require(c.controls.empty(), "--retrain none trains nothing that a --control could be compared with");
    require(c.retraining_order == RetrainingOrder::fresh,
            "--retrain none trains on no images: leave out --retrain-order");
  }
  for (const Control control : c.controls) {
    require(!row_of(kControls, control).is_rewound,
            "--control " + control_names().name(control) +
                " takes weights from before they were trained and pruned: it is for --retrain weights");
  }
  require(
      c.retraining != Retraining::fine_tuning ||
          c.training.learning_rate.shape != LearningRateSchedule::Shape::cosine,
      "--retrain fine-tune trains at the schedule's last learning rate, which is 0 with --schedule cosine");
}

// An option may only name layers of the model.
template <class Value>
void check_layers(const SearchConfig& c, const std::string& option,
                  const std::map<std::string, Value>& layers) {
  const std::vector<std::string> names = layer_names(c.model);
  for (const auto& [layer, unused] : layers) {
    if (std::ranges::count(names, layer) == 0)
      throw ConfigError(option + ": " + unknown_name("layer of " + c.model, layer, names).what());
  }
}

void check_pruning(const SearchConfig& c) {
  for (const auto& [layer, rate] : c.layer_rates) {
    require(
        rate == 0 || c.has_layer_rates(),
        "--layer-rate " + layer +
            ": with --densities, a pattern, --scope uniform or erk a layer has no rate but 0, which keeps it "
            "whole");
  }
  const bool of_change = row_of(kScores, c.score).input == ScoreInput::weight_changes;
  require(!of_change || c.pruned_weights() != PrunedWeights::of_rewind_step || !c.rewind_step.none(),
          "--score " + score_names().name(c.score) + " tells how weights have changed, and --prune " +
              pruning_time_names().name(c.prune) +
              " prunes those of step 0: give --rewind, or another of the two");
  require(c.granularity.kind != Granularity::Kind::pattern || c.densities.empty(),
          "--granularity " + to_text(c.granularity) + " has one density of its own: leave out --densities");
  require_count("score-images", c.score_images, 1000000);
}

// A saved ticket brings its masks and the weights that it starts from.
void check_transfer(const SearchConfig& c) {
  if (c.from.empty()) return;
  require(c.rewind_step.none() && c.retraining == Retraining::weight_rewinding,
          "--from trains tickets from the weights that they started from: leave out --rewind and --retrain");
  require(!c.pretrains(), "--from brings weights: leave out --pretrain");
  refuse_unscored(c, "--from does not make");
}

}  // namespace

void check(const SearchConfig& c) {
  const TrainingConfig& t = c.training;
  require(c.data.label_noise >= 0 && c.data.label_noise <= 1, "--label-noise must lie between 0 and 1");
  require(c.data.validation > 0, "--validation must be at least 1: early stopping needs a validation set");
  require(std::isfinite(t.learning_rate.base) && t.learning_rate.base > 0, "--learning-rate must be above 0");
  require(c.rate > 0 && c.rate < 1, "--rate must lie between 0 and 1: it is the fraction pruned a round");
  require_below_1("convolution-rate", c.convolution_rate.value_or(0));
  require_below_1("output-rate", c.rate_of_output_layer());
  require(c.target_density >= 0 && c.target_density < 1,
          "--target-density must lie between 0 and 1 (0.02 is 2 %)");
  require(c.levels || c.target_density > 0 || !c.densities.empty(),
          "--levels, --target-density or --densities must say where the search ends");
  require(fall_between_1_and_0(c.densities), std::string("--densities ") + kFall);
  require_below_1("momentum", t.optimizer.momentum);
  require(std::isfinite(t.optimizer.weight_decay) && t.optimizer.weight_decay >= 0,
          "--weight-decay must be a number that is not negative");
  require_below_1("beta1", t.optimizer.beta1);
  require_below_1("beta2", t.optimizer.beta2);
  require(std::isfinite(t.optimizer.epsilon) && t.optimizer.epsilon > 0, "--epsilon must be above 0");
  require(t.learning_rate.factor > 0 && t.learning_rate.factor <= 1,
          "--decay-factor must be above 0 and at most 1");
  require(std::set(c.controls.begin(), c.controls.end()).size() == c.controls.size(),
          "--control names one twice");
  require(!t.optimizer.nesterov || t.optimizer.momentum > 0, "--nesterov needs a --momentum above 0");
  require(t.learning_rate.shape != LearningRateSchedule::Shape::step || !t.learning_rate.milestones.empty(),
          "--schedule step needs --milestones, the steps at which the learning rate drops");
  check_counts(c);
  check_steps(c);
  check_moving_masks(c);
  check_budget(c);
  check_retraining(c);
  check_pruning(c);
  check_transfer(c);
  check_layers(c, "--kernel", c.kernel.layers);
  check_layers(c, "--layer-rate", c.layer_rates);
}

SearchConfig in_steps(SearchConfig c, std::size_t training_images, std::size_t pretraining_images) {
  check(c);
  const auto steps_per_epoch = [&](std::size_t images) {
    return (images + c.training.batch - 1) / c.training.batch;
  };
  for (StepCount* count : step_counts(c)) count->resolve(steps_per_epoch(training_images));
  c.training.learning_rate.total_steps = c.training.steps;
  c.pretraining.steps.resolve(steps_per_epoch(pretraining_images));
  check(c);
  return c;
}

}  // namespace ltlab
