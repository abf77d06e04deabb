#include "ltlab/lottery/search_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "ltlab/base/join.h"
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
  for (StepCount& milestone : t.learning_rate.milestones) counts.push_back(&milestone);
  return counts;
}

void check_steps(SearchConfig c) {
  if (!std::ranges::all_of(step_counts(c), &StepCount::resolved)) return;
  const TrainingConfig& t = c.training;
  require(t.steps > 0, "--steps must be at least 1");
  require(t.validate_every > 0, "--validate-every must be at least 1");
  require(c.rewind_step < t.steps,
          "--rewind must be below --steps: it is a step of the dense network's training");
  require(t.learning_rate.warmup_steps < t.steps, "--warmup must be below --steps");
  require(std::ranges::is_sorted(t.learning_rate.milestones, std::less<>()), "--milestones must ascend");
}

void check_retraining(const SearchConfig& c) {
  if (c.retraining == Retraining::weight_rewinding) return;
  require(std::ranges::count(c.controls, Control::random_mask) == 0,
          "--control random-mask takes weights from before they were trained and pruned: it is for --retrain "
          "weights");
  require(
      c.retraining != Retraining::fine_tuning ||
          c.training.learning_rate.shape != LearningRateSchedule::Shape::cosine,
      "--retrain fine-tune trains at the schedule's last learning rate, which is 0 with --schedule cosine");
}

void check_layers_of_kernels(const SearchConfig& c) {
  const std::vector<std::string> names = layer_names(c.model);
  for (const auto& [layer, policy] : c.kernel.layers) {
    if (std::ranges::count(names, layer) == 0)
      throw ConfigError(std::string("--kernel: ") + unknown_name("layer of " + c.model, layer, names).what());
  }
}

// Option names and values of a canonical text.
std::map<std::string, std::string> parse_lines(const std::string& text) {
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find(" = ");
    if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 3);
  }
  return values;
}

}  // namespace

const NameTable<Control>& control_names() {
  static const NameTable<Control> table(
      "control", {{Control::random_reinit, "random-reinit"}, {Control::random_mask, "random-mask"}});
  return table;
}

const NameTable<Retraining>& retraining_names() {
  using enum Retraining;
  static const NameTable<Retraining> table("retraining technique",
                                           {{weight_rewinding, "weights"},
                                            {learning_rate_rewinding, "learning-rate"},
                                            {fine_tuning, "fine-tune"}});
  return table;
}

const NameTable<RetrainingOrder>& retraining_order_names() {
  using enum RetrainingOrder;
  static const NameTable<RetrainingOrder> table("data order", {{fresh, "new"}, {original, "original"}});
  return table;
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
  require(c.levels || c.target_density > 0, "--levels or --target-density must say where the search ends");
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
  check_retraining(c);
  check_layers_of_kernels(c);
}

DatasetOptions pretraining_data(const SearchConfig& c) {
  DatasetOptions data = c.data;
  if (!c.pretraining.source.empty()) data.source = c.pretraining.source;
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
  std::ostringstream text;
  const auto line = [&](const char* name, const auto& value) { text << name << " = " << value << '\n'; };
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
    line("milestones",
         join(t.learning_rate.milestones, ",", [](const StepCount& step) { return step.text(); }));
    line("decay-factor", to_text(t.learning_rate.factor));
  }
  line("rate", to_text(c.rate));
  if (c.convolution_rate) line("convolution-rate", to_text(*c.convolution_rate));
  line("output-rate", to_text(c.rate_of_output_layer()));
  line("scope", pruning_scope_names().name(c.scope));
  line("rewind", c.rewind_step.text());
  if (c.retraining != Retraining::weight_rewinding) line("retrain", retraining_names().name(c.retraining));
  if (c.retraining_order != RetrainingOrder::fresh)
    line("retrain-order", retraining_order_names().name(c.retraining_order));
  line("seed", c.seed);
  line("kernel", to_text(c.kernel));
  return text.str();
}

std::string extent_text(const SearchConfig& c) {
  std::ostringstream text;
  if (c.levels) text << "levels = " << *c.levels << '\n';
  text << "target-density = " << to_text(c.target_density) << "\nreplicates = " << c.replicates << '\n';
  if (!c.controls.empty()) {
    text << "control = "
         << join(c.controls, ",", [](Control control) { return control_names().name(control); })
         << "\ntrials = " << c.trials << '\n';
  }
  return text.str();
}

SearchConfig pruning_settings(const std::string& text) {
  const std::map<std::string, std::string> lines = parse_lines(text);
  const auto value = [&](const char* name) {
    const auto line = lines.find(name);
    if (line == lines.end()) throw ConfigError(std::string("the config tells no '") + name + "'");
    return line->second;
  };
  const auto fraction = [&](const char* name) {
    const std::string word = value(name);
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size() || !(number >= 0 && number < 1))
      throw ConfigError(std::string("the config's '") + name + "' is no fraction: '" + word + "'");
    return number;
  };
  SearchConfig config;
  config.model = value("model");
  config.rate = fraction("rate");
  config.output_rate = fraction("output-rate");
  if (lines.contains("convolution-rate")) config.convolution_rate = fraction("convolution-rate");
  config.scope = pruning_scope_names().parse(value("scope"));
  return config;
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
