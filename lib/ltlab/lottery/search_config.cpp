#include "ltlab/lottery/search_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "ltlab/base/join.h"
#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"
#include "ltlab/lottery/config_lines.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

// The shortest text that reads back as the same number.
std::string to_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end);
}

void require(bool holds, const std::string& message) {
  if (!holds) throw ConfigError(message);
}

// Counts that memory or patience would not reach, typed by mistake.
void check_counts(const SearchConfig& c) {
  const auto within = [](const std::string& option, std::uint64_t value, std::uint64_t most) {
    require(value >= 1 && value <= most, "--" + option + " must lie between 1 and " + std::to_string(most));
  };
  within("batch", c.training.batch, 65536);
  within("replicates", c.replicates, 1000);
  within("trials", c.trials, 1000);
  within("embedded-train", c.data.embedded_train, 1000000);
  within("embedded-test", c.data.embedded_test, 1000000);
  require(c.levels.value_or(0) <= 10000, "--levels must be at most 10000");
}

// Every setting that is a number of steps, but for the length of pretraining.
std::vector<StepCount*> step_counts(SearchConfig& c) {
  TrainingConfig& t = c.training;
  std::vector<StepCount*> counts{&t.steps, &t.validate_every, &t.learning_rate.warmup_steps, &c.rewind_step};
  if (c.moves_masks()) {
    counts.push_back(&c.mask_every);
    if (c.mask_begin) counts.push_back(&*c.mask_begin);
    if (c.mask_end) counts.push_back(&*c.mask_end);
  }
  for (StepCount& milestone : t.learning_rate.milestones) counts.push_back(&milestone);
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
  for (const StepCount& steps : c.level_steps)
    require(steps > 0 && c.rewind_step < steps, "--level-steps must be at least 1, and above --rewind");
  require(t.learning_rate.warmup_steps < t.steps, "--warmup must be below --steps");
  require(std::ranges::is_sorted(t.learning_rate.milestones, std::less<>()), "--milestones must ascend");
}

bool fall_between_1_and_0(const std::vector<double>& densities) {
  double before = 1;
  return std::ranges::all_of(
      densities, [&](double density) { return density > 0 && density < std::exchange(before, density); });
}
constexpr auto kFall = "must fall from level to level, between 1 and 0 (0.5,0.2 is 50 %, then 20 %)";

// Masks that change in training start from the weights of step 0, and leave no level to go on from.
void check_moving_masks(const SearchConfig& c) {
  if (!c.moves_masks()) return;
  const std::string prune = "--prune " + pruning_time_names().name(c.pruning_time);
  require(c.rewind_step.none(), prune + " trains from step 0: leave out --rewind");
  require(c.retraining == Retraining::weight_rewinding, prune + " retrains nothing: leave out --retrain");
  require(!c.trains_sparse() || c.scope != PruningScope::global,
          prune + " draws its masks before weights could compete across layers: choose another --scope");
  require(!c.trains_sparse() || (c.score == Score::magnitude && c.granularity == Granularity()),
          prune + " drops and grows single weights by rules of its own: leave out --score and --granularity");
  require(
      c.granularity.kind != Granularity::Kind::pattern || c.pruning_time == PruningTime::early_bird,
      prune + " needs densities in between, and --granularity " + to_text(c.granularity) + " has but one");
  require(std::ranges::count(c.controls, Control::inverted_mask) == 0,
          "--control inverted-mask needs the scores of the pruning, which " + prune + " does not record");
  require(c.mask_distance > 0 && c.mask_distance <= 1, "--mask-distance must be above 0 and at most 1");
  require(c.drop_fraction > 0 && c.drop_fraction < 1, "--drop-fraction must lie between 0 and 1");
  require(c.budget == Budget::steps || c.trains_sparse() || c.scope != PruningScope::global,
          "--budget flops must know beforehand how dense layers are, and " + prune +
              " with --scope global does not tell: choose another --scope");
}

// A budget of FLOPs decides how long each level trains, before it does.
void check_budget(const SearchConfig& c) {
  if (c.budget == Budget::steps) return;
  require(c.level_steps.empty(), "--budget flops decides how long levels train: leave out --level-steps");
  require(c.pruning_time != PruningTime::early_bird,
          "--budget flops must know beforehand when masks change, and --prune early-bird does not tell");
  require(c.retraining != Retraining::none, "--retrain none trains no level: leave out --budget flops");
}

void check_retraining(const SearchConfig& c) {
  if (c.retraining == Retraining::weight_rewinding) return;
  require(c.pruning_time != PruningTime::before_training,
          "--prune before-training leaves no trained weights to go on with: it is for --retrain weights");
  if (c.retraining == Retraining::none) {
    require(c.rewind_step.none(), "--retrain none rewinds nothing: leave out --rewind");
    require(c.level_steps.empty(),
            "--retrain none trains no level but the dense one: leave out --level-steps");
    require(c.controls.empty(), "--retrain none trains nothing that a --control could be compared with");
    require(c.retraining_order == RetrainingOrder::fresh,
            "--retrain none trains on no images: leave out --retrain-order");
  }
  for (const Control control : c.controls) {
    require(control == Control::random_reinit,
            "--control " + control_names().name(control) +
                " takes weights from before they were trained and pruned: it is for --retrain weights");
  }
  require(
      c.retraining != Retraining::fine_tuning ||
          c.training.learning_rate.shape != LearningRateSchedule::Shape::cosine,
      "--retrain fine-tune trains at the schedule's last learning rate, which is 0 with --schedule cosine");
}

// Layers that an option names must be those of the model.
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
  require(!is_of_change(c.score) || c.pruning_time != PruningTime::before_training || !c.rewind_step.none(),
          "--score " + score_names().name(c.score) +
              " tells how weights have changed, and --prune before-training prunes those of step 0: give "
              "--rewind, or another of the two");
  const bool pattern = c.granularity.kind == Granularity::Kind::pattern;
  require(!pattern || c.densities.empty(),
          "--granularity " + to_text(c.granularity) + " has one density of its own: leave out --densities");
  require(c.score_images >= 1 && c.score_images <= 1000000, "--score-images must lie between 1 and 1000000");
}

// A saved ticket brings its masks and the weights that it starts from.
void check_transfer(const SearchConfig& c) {
  if (c.from.empty()) return;
  require(c.rewind_step.none() && c.retraining == Retraining::weight_rewinding,
          "--from trains tickets from the weights that they started from: leave out --rewind and --retrain");
  require(!c.pretrains(), "--from brings weights: leave out --pretrain");
  require(std::ranges::count(c.controls, Control::inverted_mask) == 0,
          "--control inverted-mask needs the scores of the pruning, which --from does not make");
}

// A number between 0 and 1; not 1, and 0 only where it is `allowed`.
double parse_fraction(const std::string& word, bool zero_allowed) {
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size() || !(number >= 0 && number < 1) ||
      (number == 0 && !zero_allowed))
    throw ConfigError("'" + word + "' is no fraction between 0 and 1");
  return number;
}

std::size_t parse_whole_number(const std::string& word) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size())
    throw ConfigError("'" + word + "' is no whole number");
  return number;
}

std::string to_text(const std::map<std::string, double>& rates) {
  return join(rates, ",", [](const auto& rate) { return rate.first + "=" + to_text(rate.second); });
}

std::string to_text(const std::vector<double>& densities) {
  return join(densities, ",", [](double density) { return to_text(density); });
}

std::string to_text(const std::vector<StepCount>& counts) {
  return join(counts, ",", [](const StepCount& count) { return count.text(); });
}

std::map<std::string, std::string> parse_lines(const std::string& text) {
  const ConfigLines lines = stored_lines(text);
  return {lines.begin(), lines.end()};
}

}  // namespace

const NameTable<Control>& control_names() {
  using enum Control;
  static const NameTable<Control> table("control", {{random_reinit, "random-reinit"},
                                                    {random_mask, "random-mask"},
                                                    {global_random_mask, "global-random-mask"},
                                                    {shuffled_weights, "shuffled-weights"},
                                                    {sign_only, "sign-only"},
                                                    {supermask, "supermask"},
                                                    {inverted_mask, "inverted-mask"}});
  return table;
}

bool is_drawn(Control control) {
  return control != Control::sign_only && control != Control::supermask && control != Control::inverted_mask;
}

double SearchConfig::rate_of(const std::string& layer, const Shape& weights, bool output_layer) const {
  if (output_layer && granularity.kind == Granularity::Kind::neuron) return 0;
  if (const auto found = layer_rates.find(layer); found != layer_rates.end()) return found->second;
  if (output_layer) return rate_of_output_layer();
  return weights.size() == 4 ? convolution_rate.value_or(rate) : rate;
}

std::uint64_t SearchConfig::steps_of(unsigned level) const {
  if (level == 0 || level_steps.empty()) return training.steps;
  return level_steps[std::min<std::size_t>(level, level_steps.size()) - 1];
}

const NameTable<Retraining>& retraining_names() {
  using enum Retraining;
  static const NameTable<Retraining> table("retraining technique",
                                           {{weight_rewinding, "weights"},
                                            {learning_rate_rewinding, "learning-rate"},
                                            {fine_tuning, "fine-tune"},
                                            {none, "none"}});
  return table;
}

const NameTable<RetrainingOrder>& retraining_order_names() {
  using enum RetrainingOrder;
  static const NameTable<RetrainingOrder> table("data order", {{fresh, "new"}, {original, "original"}});
  return table;
}

const NameTable<PruningTime>& pruning_time_names() {
  using enum PruningTime;
  static const NameTable<PruningTime> table("time of pruning", {{after_training, "after-training"},
                                                                {one_shot, "one-shot"},
                                                                {before_training, "before-training"},
                                                                {during_training, "during-training"},
                                                                {early_bird, "early-bird"},
                                                                {set, "set"},
                                                                {rigl, "rigl"}});
  return table;
}

const NameTable<GradualCourse>& gradual_course_names() {
  using enum GradualCourse;
  static const NameTable<GradualCourse> table("course of gradual pruning",
                                              {{cubic, "cubic"}, {linear, "linear"}});
  return table;
}

const NameTable<Budget>& budget_names() {
  using enum Budget;
  static const NameTable<Budget> table("budget", {{steps, "steps"}, {flops, "flops"}});
  return table;
}

MaskChanges mask_changes(const SearchConfig& c, std::uint64_t steps) {
  const std::uint64_t begin = c.pruning_time == PruningTime::during_training ? steps / 4 : 0;
  return {c.mask_begin.value_or(begin), c.mask_end.value_or(steps - steps / 4), c.mask_every};
}

void check(const SearchConfig& c) {
  const TrainingConfig& t = c.training;
  const auto is_rate = [](double rate) { return rate > 0 && rate < 1; };
  require(c.data.validation > 0, "--validation must be at least 1: early stopping needs a validation set");
  require(std::isfinite(t.learning_rate.base) && t.learning_rate.base > 0, "--learning-rate must be above 0");
  require(is_rate(c.rate), "--rate must lie between 0 and 1: it is the fraction pruned a round");
  require(!c.convolution_rate || (*c.convolution_rate >= 0 && *c.convolution_rate < 1),
          "--convolution-rate must be at least 0 and below 1");
  require(c.rate_of_output_layer() >= 0 && c.rate_of_output_layer() < 1,
          "--output-rate must be at least 0 and below 1");
  require(c.target_density >= 0 && c.target_density < 1,
          "--target-density must lie between 0 and 1 (0.02 is 2 %)");
  require(c.levels || c.target_density > 0 || !c.densities.empty(),
          "--levels, --target-density or --densities must say where the search ends");
  require(fall_between_1_and_0(c.densities), std::string("--densities ") + kFall);
  require(t.optimizer.momentum >= 0 && t.optimizer.momentum < 1, "--momentum must be at least 0 and below 1");
  require(std::isfinite(t.optimizer.weight_decay) && t.optimizer.weight_decay >= 0,
          "--weight-decay must be a number that is not negative");
  require(t.optimizer.beta1 >= 0 && t.optimizer.beta1 < 1, "--beta1 must be at least 0 and below 1");
  require(t.optimizer.beta2 >= 0 && t.optimizer.beta2 < 1, "--beta2 must be at least 0 and below 1");
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

DatasetOptions pretraining_data(const SearchConfig& c) {
  DatasetOptions data = c.data;
  if (!c.pretraining.source.empty()) data.source = c.pretraining.source;
  // The folder of a user's arrays need not be that of published data.
  if (is_user_arrays(c.data.source) && !is_user_arrays(data.source) &&
      !holds_data(data.directory, data.source))
    data.directory.clear();
  data.random_labels = c.pretraining.random_labels;
  return data;
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

// Settings that were not always there are told only where they are not what they were before, so that runs
// from before may be gone on with.
std::string config_text(const SearchConfig& c) {
  const TrainingConfig& t = c.training;
  std::string text;
  const auto line = [&](const char* name, const auto& value) {
    std::ostringstream told;
    told << value;
    text += stored_line(name, told.str());
  };
  line("data", c.data.source);
  line("validation", c.data.validation);
  line("data-seed", c.data.split_seed);
  if (c.draws_embedded()) {
    line("embedded-train", c.data.embedded_train);
    line("embedded-test", c.data.embedded_test);
  }
  line("model", c.model);
  line("init", initialization_names().name(c.initialization));
  if (c.pretrains()) {
    line("pretrain", c.pretraining.steps.text());
    if (!c.pretraining.source.empty()) line("pretrain-data", c.pretraining.source);
    if (c.pretraining.random_labels) line("pretrain-labels", "random");
  }
  line("steps", t.steps.text());
  if (c.budget != Budget::steps) line("budget", budget_names().name(c.budget));
  if (!c.level_steps.empty()) line("level-steps", to_text(c.level_steps));
  line("batch", t.batch);
  if (t.augmentation != Augmentation::none) line("augment", augmentation_names().name(t.augmentation));
  line("validate-every", t.validate_every.text());
  line("optimizer", optimizer_names().name(t.optimizer.kind));
  if (t.optimizer.kind == OptimizerConfig::Kind::sgd) {
    line("momentum", to_text(t.optimizer.momentum));
    line("nesterov", t.optimizer.nesterov ? "true" : "false");
  } else {
    line("beta1", to_text(t.optimizer.beta1));
    line("beta2", to_text(t.optimizer.beta2));
    line("epsilon", to_text(t.optimizer.epsilon));
  }
  line("weight-decay", to_text(t.optimizer.weight_decay));
  line("learning-rate", to_text(t.learning_rate.base));
  line("schedule", schedule_names().name(t.learning_rate.shape));
  line("warmup", t.learning_rate.warmup_steps.text());
  if (t.learning_rate.shape == LearningRateSchedule::Shape::step) {
    line("milestones", to_text(t.learning_rate.milestones));
    line("decay-factor", to_text(t.learning_rate.factor));
  }
  if (c.has_rates()) line("rate", to_text(c.rate));
  if (c.has_layer_rates()) {
    if (c.convolution_rate) line("convolution-rate", to_text(*c.convolution_rate));
    line("output-rate", to_text(c.rate_of_output_layer()));
  }
  if (!c.layer_rates.empty()) line("layer-rate", to_text(c.layer_rates));
  if (c.min_survivors > 0) line("min-survivors", c.min_survivors);
  if (c.pruning_time != PruningTime::after_training) line("prune", pruning_time_names().name(c.pruning_time));
  if (c.moves_masks()) {
    if (c.trains_sparse()) {
      line("drop-fraction", to_text(c.drop_fraction));
    } else if (c.pruning_time == PruningTime::early_bird) {
      line("mask-distance", to_text(c.mask_distance));
    } else {
      line("gradual", gradual_course_names().name(c.gradual_course));
    }
    if (c.mask_begin) line("prune-begin", c.mask_begin->text());
    if (c.mask_end) line("prune-end", c.mask_end->text());
    line("prune-every", c.mask_every.text());
  }
  if (c.has_rates() || !c.densities.empty()) line("scope", pruning_scope_names().name(c.scope));
  if (c.granularity != Granularity()) line("granularity", to_text(c.granularity));
  if (c.score != Score::magnitude) line("score", score_names().name(c.score));
  if (sees_images(c.score)) line("score-images", c.score_images);
  if (!c.from.empty()) line("from", c.from);
  line("rewind", c.rewind_step.text());
  if (c.retraining != Retraining::weight_rewinding) line("retrain", retraining_names().name(c.retraining));
  if (c.retraining_order != RetrainingOrder::fresh)
    line("retrain-order", retraining_order_names().name(c.retraining_order));
  line("seed", c.seed);
  line("kernel", to_text(c.kernel));
  return text;
}

std::string extent_text(const SearchConfig& c) {
  std::ostringstream text;
  if (c.has_rates()) {
    if (c.levels) text << "levels = " << *c.levels << '\n';
    text << "target-density = " << to_text(c.target_density) << '\n';
  } else if (!c.densities.empty()) {
    text << "densities = " << to_text(c.densities) << '\n';
  }
  text << "replicates = " << c.replicates << '\n';
  if (!c.controls.empty()) {
    text << "control = "
         << join(c.controls, ",", [](Control control) { return control_names().name(control); })
         << "\ntrials = " << c.trials << '\n';
  }
  return text.str();
}

std::map<std::string, double> parse_layer_rates(const std::string& text) {
  std::map<std::string, double> rates;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto equals = word.find('=');
    require(equals != std::string::npos, "'" + word + "' is no rate of a layer, as fc1=0.3");
    const double rate = parse_fraction(word.substr(equals + 1), true);
    require(rates.emplace(word.substr(0, equals), rate).second,
            "layer '" + word.substr(0, equals) + "' twice");
  }
  require(!rates.empty(), "no rate is given");
  return rates;
}

std::vector<double> parse_densities(const std::string& text) {
  std::vector<double> densities;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) densities.push_back(parse_fraction(word, false));
  require(!densities.empty(), "no density is given");
  require(fall_between_1_and_0(densities), "'" + text + "': they " + kFall);
  return densities;
}

SearchConfig pruning_settings(const std::string& text) {
  const std::map<std::string, std::string> lines = parse_lines(text);
  const auto value = [&](const char* name) {
    const auto line = lines.find(name);
    if (line == lines.end()) throw ConfigError(std::string("the config tells no '") + name + "'");
    return line->second;
  };
  const auto read = [&](const char* name, auto parse) {
    try {
      return parse(value(name));
    } catch (const ConfigError& error) {
      throw ConfigError(std::string("the config's '") + name + "': " + error.what());
    }
  };
  const auto rate = [](const std::string& word) { return parse_fraction(word, true); };
  SearchConfig config;
  config.model = value("model");
  if (lines.contains("from")) config.from = value("from");
  if (lines.contains("granularity")) config.granularity = read("granularity", parse_granularity);
  if (lines.contains("densities")) config.densities = read("densities", parse_densities);
  if (config.has_rates()) config.rate = read("rate", rate);
  if (config.has_rates() || !config.densities.empty())
    config.scope = pruning_scope_names().parse(value("scope"));
  if (config.has_layer_rates()) config.output_rate = read("output-rate", rate);
  if (lines.contains("convolution-rate")) config.convolution_rate = read("convolution-rate", rate);
  if (lines.contains("layer-rate")) config.layer_rates = read("layer-rate", parse_layer_rates);
  if (lines.contains("min-survivors")) config.min_survivors = read("min-survivors", parse_whole_number);
  if (lines.contains("score")) config.score = score_names().parse(value("score"));
  if (lines.contains("prune")) config.pruning_time = pruning_time_names().parse(value("prune"));
  return config;
}

void require_same_densities(const std::string& before, const SearchConfig& config) {
  const std::map<std::string, std::string> lines = parse_lines(before);
  const auto line = lines.find("densities");
  if (line == lines.end()) return;
  const std::vector<double> planned = parse_densities(line->second);
  const std::size_t both = std::min(planned.size(), config.densities.size());
  if (std::equal(planned.begin(), planned.begin() + both, config.densities.begin())) return;
  throw ConfigError("--densities " + to_text(config.densities) + " are not those of the run, " +
                    line->second +
                    ": a search may go on with more levels, but not with other ones; give another --out");
}

std::optional<std::string> setting(const std::string& config_text, const std::string& name) {
  const std::map<std::string, std::string> lines = parse_lines(config_text);
  const auto line = lines.find(name);
  return line == lines.end() ? std::nullopt : std::optional(line->second);
}

std::vector<std::string> differing_settings(const std::string& before, const std::string& now) {
  const std::map<std::string, std::string> old_values = parse_lines(before), new_values = parse_lines(now);
  std::map<std::string, std::string> names = old_values;
  names.insert(new_values.begin(), new_values.end());
  std::vector<std::string> differing;
  for (const auto& [name, unused] : names) {
    if (setting(before, name) != setting(now, name)) differing.push_back(name);
  }
  return differing;
}

std::vector<std::string> differences(const std::string& before, const std::string& now) {
  std::vector<std::string> lines;
  for (const std::string& name : differing_settings(before, now)) {
    lines.push_back(name + ": " + setting(before, name).value_or("(default)") + " before, " +
                    setting(now, name).value_or("(default)") + " now");
  }
  return lines;
}

}  // namespace ltlab
