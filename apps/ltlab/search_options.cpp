#include "search_options.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "ignored_options.h"
#include "ltlab/base/names.h"
#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"
#include "ltlab/nn/models.h"
#include "presets.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const auto& [name, unused] : presets()) names.push_back(name);
  return names;
}

auto count(const char* placeholder = "N") {
  return po::value<Count>()->value_name(placeholder);
}
// A number of steps, or of epochs.
auto steps() {
  return po::value<std::string>()->value_name("STEPS");
}
auto number(const char* placeholder = "X") {
  return po::value<double>()->value_name(placeholder);
}
auto word(const char* placeholder) {
  return po::value<std::string>()->value_name(placeholder);
}

constexpr unsigned kHelpWidth = 110;

po::options_description group(const char* caption) {
  return po::options_description(caption, kHelpWidth, kHelpWidth / 2);
}

// "sgd | adam (default) | adamw"
std::string choices(const std::vector<std::string>& names, const std::string& preset) {
  std::string text;
  for (const std::string& name : names)
    text += (text.empty() ? "" : " | ") + name + (name == preset ? " (default)" : "");
  return text;
}
template <class Value>
std::string choices(const NameTable<Value>& names, Value preset) {
  return choices(names.names(), names.name(preset));
}

// A line an option reads best.
// clang-format off

po::options_description data_options() {
  po::options_description data = group("Data");
  data.add_options()
      ("data", word("SOURCE"), (choices(source_names(), DatasetOptions().source) +
                                "\nArrays: images uint8 or float32 of shape N x FEATURES, N x HEIGHT x WIDTH or\n"
                                "N x CHANNELS x HEIGHT x WIDTH, labels whole numbers from 0 of shape N. A sixth is\n"
                                "held out for testing, unless ,/test_images,/test_labels follow.").c_str())
      ("validation", count(), "training images held out for validation (5000)")
      ("data-seed", count(), "names the held-out images, and the embedded ones (0)")
      ("embedded-train", count(), "embedded training images (60000)")
      ("embedded-test", count(), "embedded test images (10000)");
  return data;
}

po::options_description training_options() {
  po::options_description training = group("Model and training");
  training.add_options()
      ("model", word("MODEL"), "lenet-300-100 (default), another of `ltlab model list`, or a file or text of your own")
      ("init", word("INIT"), ("weights at step 0: " + choices(initialization_names(), SearchConfig().initialization)).c_str())
      ("steps", steps(), "optimizer steps a level; here and wherever STEPS stands, 2ep means two epochs (50000)")
      ("level-steps", word("STEPS,..."), "of levels 1, 2, ..., whose learning rates, validations and changes of masks are drawn out alike; the last is "
                                        "that of all that follow (the steps)")
      ("budget", word("NAME"), ("what every level's training gets alike: --steps, or the FLOPs that those cost the dense "
                                "network, so that sparser ones take more steps: " +
                                choices(budget_names(), SearchConfig().budget)).c_str())
      ("batch", count(), "images a step (60)")
      ("augment", word("NAME"), ("of the training images: " + choices(augmentation_names(), Augmentation::none) + ", which "
                                 "pads by 4 pixels, crops, and flips left to right, all at random").c_str())
      ("validate-every", steps(), "between validations (100)")
      ("optimizer", word("NAME"), choices(optimizer_names(), OptimizerConfig().kind).c_str())
      ("learning-rate", number(), "(0.0012)")
      ("momentum", number(), "of sgd (0)")
      ("nesterov", po::value<bool>()->value_name("BOOL")->implicit_value(true), "Nesterov's momentum for sgd")
      ("beta1", number(), "of adam and adamw (0.9)")
      ("beta2", number(), "of adam and adamw (0.999)")
      ("epsilon", number(), "of adam and adamw (1e-8)")
      ("weight-decay", number(), "L2 penalty, decoupled in adamw (0)")
      ("schedule", word("NAME"), ("learning rate over the steps: " + choices(schedule_names(), LearningRateSchedule().shape)).c_str())
      ("warmup", steps(), "of linear warm-up (0)")
      ("milestones", word("STEPS,..."), "at which --schedule step multiplies the rate by the decay factor")
      ("decay-factor", number(), "of --schedule step (0.1)");
  return training;
}

po::options_description pretraining_options() {
  po::options_description pretraining = group("Pretraining, which leaves the weights of step 0");
  pretraining.add_options()
      ("pretrain", steps(), "its length, with the settings for training; cosine falls over the longer of both (0: none, the weights of step 0 are as drawn)")
      ("pretrain-data", word("SOURCE"), "other data, of images as large (those of --data); a file of arrays is looked for where --data's lies")
      ("pretrain-labels", word("LABELS"), "true (default) | random");
  return pretraining;
}

po::options_description pruning_options() {
  po::options_description pruning = group("Pruning and rewinding");
  pruning.add_options()
      ("prune", word("TIME"), ("when a level is pruned: after-training of the level before; one-shot, of the dense network; "
                               "before-training, by the weights of the rewind step; during-training, little by little from dense; "
                               "early-bird, during training as soon as the mask has settled; or never, "
                               "its masks moving as it trains, by set or rigl: " +
                               choices(pruning_time_names(), SearchConfig().pruning_time)).c_str())
      ("gradual", word("COURSE"), ("of the pruned fraction during training: " +
                                   choices(gradual_course_names(), SearchConfig().gradual_course)).c_str())
      ("prune-begin", steps(), "when masks begin to change during training (a quarter of the steps; with early-bird, set and rigl 0)")
      ("prune-end", steps(), "and when they stop (three quarters of the steps)")
      ("prune-every", steps(), "between changes of masks during training, and checks of early-bird (100)")
      ("mask-distance", number(), "of early-bird: a mask has settled when, five times in a row, less than this fraction of its survivors changed (0.1)")
      ("drop-fraction", number(), "of a layer's survivors, replaced at each change by set, and at first by rigl (0.3)")
      ("score", word("NAME"), ("what says which weights go first, the lowest: " + choices(score_names(), SearchConfig().score)).c_str())
      ("score-images", count(), "training images that snip, grasp, taylor and fisher see, as many of each class (100)")
      ("granularity", word("WHAT"), "what goes at once: weight (default) | neuron or filter, all weights of an output | input or "
                                    "channel, all that read one | HEIGHTxWIDTH, a block as 4x4 | N:M, the best N of each M inputs stay, as 2:4")
      ("rate", number(), "fraction of the survivors pruned a round (0.2)")
      ("convolution-rate", number(), "of convolutions (the rate)")
      ("output-rate", number(), "of the output layer (half the rate)")
      ("layer-rate", word("LAYER=X,..."), "of single layers, as fc1=0.3,conv1=0; 0 keeps a layer whole")
      ("min-survivors", count(), "weights that every layer keeps at least, lest pruning empty one (0)")
      ("scope", word("SCOPE"), ("weights compete within a layer or across layers; or layers have one density, or that of "
                                "Erdős–Rényi-Kernel: " + choices(pruning_scope_names(), SearchConfig().scope)).c_str())
      ("from", word("RUN"), "train the tickets of another run, or one level-NNN.h5, from the weights that they start from, "
                            "in place of searching for some")
      ("rewind", steps(), "to where the survivors return (0)")
      ("retrain", word("NAME"), ("what returns there: weights (with all else), the learning-rate alone, or nothing, to "
                                 "fine-tune as long at the last learning rate; or none, to train them no more: " + choices(retraining_names(), SearchConfig().retraining)).c_str())
      ("retrain-order", word("NAME"), ("of the images: its own, or that of the dense network's training: " +
                                       choices(retraining_order_names(), SearchConfig().retraining_order)).c_str())
      ("levels", count(), "pruned levels after the dense one (10, or as many as --target-density needs)")
      ("target-density", number(), "stop at the first level of at most this density, as 0.02 for 2 %")
      ("densities", word("D1,D2,..."), "of levels 1, 2, ..., as 0.5,0.2,0.1, in place of rates, --levels and --target-density; "
                                       "the output layer is pruned as if at half the others' rate");
  return pruning;
}

po::options_description comparison_options() {
  po::options_description comparison = group("Controls and replicates");
  comparison.add_options()
      ("control", word("NAME,..."), "random-reinit: the ticket's mask with new weights; random-mask and global-random-mask: its "
                                    "weights under a random mask as dense in each layer (its mask shuffled within layers), or in "
                                    "all together; shuffled-weights: its weights permuted within layers; sign-only: only their "
                                    "signs; supermask: not trained at all; inverted-mask: the lowest scores kept; none (default)")
      ("trials", count(), "of each control that is drawn, at each level (1)")
      ("replicates", count(), "whole searches with seeds SEED, SEED + 1, ... (1)")
      ("seed", count(), "(0)")
      ("kernel", word("KERNEL,..."), "of masked layers: auto (default, the faster as measured) | dense | sparse; "
                                   "fc3=dense is for that layer alone, as in sparse,fc3=dense");
  return comparison;
}

void add_preset(po::options_description& to) {
  to.add_options()
      ("preset", word("NAME"), ("settings to start from: " + listed(preset_names())).c_str());
}

po::options_description run_options() {
  po::options_description run = group("This run");
  run.add_options()("help,h", "this text");
  add_preset(run);
  run.add_options()
      ("config", word("FILE"), "settings, a line NAME = VALUE each; they win over the preset's")
      ("out", word("DIR"), "folder of the run (masks/PRESET, or masks/MODEL-DATA)")
      ("resume", "go on with the run in the folder; its settings hold, more levels, replicates or controls may be asked")
      ("force", "delete the run in the folder and begin anew")
      ("data-dir", word("DIR"), "where the data files lie ($LTLAB_DATA, ../shared/data, ~/.cache/ltlab; for h5:FILE the current folder)")
      ("workers", count(), "trainings side by side (the processor's cores)")
      ("json", "print the result as JSON on standard output")
      ("explain-kernels", "also show which kernel computed each product, and the times measured");
  return run;
}

// clang-format on

// What may stand in a preset and in a stored run.
void add_settings(po::options_description& to) {
  to.add(data_options()).add(training_options()).add(pretraining_options());
  to.add(pruning_options()).add(comparison_options());
}

// What may stand in --config.
po::options_description config_options() {
  po::options_description options;
  add_preset(options);
  add_settings(options);
  return options;
}

// Typed access to what was set, with the name of the option in every complaint.
class Values {
 public:
  explicit Values(const po::variables_map& map) : map_(map) {}

  bool has(const char* name) const { return map_.count(name) > 0; }

  template <class T>
  void read_count(const char* name, T& to) const {
    if (!has(name)) return;
    // What is too large for T is out of the range that check() tells, too.
    to = static_cast<T>(std::min<std::uint64_t>(map_[name].as<Count>().value, std::numeric_limits<T>::max()));
  }
  void read(const char* name, double& to) const {
    if (has(name)) to = map_[name].as<double>();
  }
  void read(const char* name, bool& to) const {
    if (has(name)) to = map_[name].as<bool>();
  }
  void read(const char* name, std::string& to) const {
    if (has(name)) to = map_[name].as<std::string>();
  }
  template <class T>
  void read(const char* name, T& to, const NameTable<T>& names) const {
    read(name, to, [&](const std::string& word) { return names.parse(word); });
  }
  template <class Parse, class T>
  void read(const char* name, T& to, Parse parse) const {
    if (!has(name)) return;
    try {
      to = parse(map_[name].as<std::string>());
    } catch (const ConfigError& error) {
      throw ConfigError("--" + std::string(name) + ": " + error.what());
    }
  }

 private:
  const po::variables_map& map_;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, ',');) words.push_back(item);
  return words;
}

std::vector<StepCount> parse_step_counts(const std::string& text) {
  std::vector<StepCount> counts;
  for (const std::string& item : split(text)) counts.push_back(StepCount::parse(item));
  return counts;
}

bool parse_random_labels(const std::string& text) {
  static const NameTable<bool> table("labels", {{false, "true"}, {true, "random"}});
  return table.parse(text);
}

std::vector<Control> parse_controls(const std::string& text) {
  std::vector<Control> controls;
  if (text == "none") return {};                           // in place of a preset's or a comparison's base's
  if (text.empty()) return {control_names().parse(text)};  // which tells the names that there are
  for (const std::string& name : split(text)) controls.push_back(control_names().parse(name));
  return controls;
}

// Whether the user says where the data lie: the folder, or the path of a file of arrays.
bool tells_place(const po::variables_map& map) {
  const bool arrays = map.count("data") && is_user_arrays(map["data"].as<std::string>());
  return arrays || map.count("data-dir");
}

// Wrong names are told before any data is read.
std::string parse_source(const std::string& text) {
  require_known_source(text);
  return text;
}

// A resumed search may be started elsewhere.
std::string absolute_path(const std::string& text) {
  if (text.empty()) throw ConfigError("it names no run");
  return std::filesystem::absolute(text).lexically_normal();
}

void read_data(const Values& values, DatasetOptions& data) {
  values.read("data", data.source, parse_source);
  values.read("data-dir", data.directory);
  separate_folder(data);
  values.read_count("validation", data.validation);
  values.read_count("data-seed", data.split_seed);
  data.embedded_seed = data.split_seed;
  values.read_count("embedded-train", data.embedded_train);
  values.read_count("embedded-test", data.embedded_test);
}

void read_pretraining(const Values& values, PretrainingConfig& pretraining) {
  values.read("pretrain", pretraining.steps, StepCount::parse);
  values.read("pretrain-data", pretraining.source, parse_source);
  values.read("pretrain-labels", pretraining.random_labels, parse_random_labels);
}

void read_training(const Values& values, TrainingConfig& training) {
  values.read("steps", training.steps, StepCount::parse);
  values.read_count("batch", training.batch);
  values.read("augment", training.augmentation, augmentation_names());
  values.read("validate-every", training.validate_every, StepCount::parse);
  OptimizerConfig& optimizer = training.optimizer;
  values.read("optimizer", optimizer.kind, optimizer_names());
  values.read("momentum", optimizer.momentum);
  values.read("nesterov", optimizer.nesterov);
  values.read("beta1", optimizer.beta1);
  values.read("beta2", optimizer.beta2);
  values.read("epsilon", optimizer.epsilon);
  values.read("weight-decay", optimizer.weight_decay);
  LearningRateSchedule& rate = training.learning_rate;
  values.read("learning-rate", rate.base);
  values.read("schedule", rate.shape, schedule_names());
  values.read("warmup", rate.warmup_steps, StepCount::parse);
  values.read("milestones", rate.milestones, parse_step_counts);
  values.read("decay-factor", rate.factor);
}

void read_mask_changes(const Values& values, SearchConfig& config) {
  values.read("gradual", config.gradual_course, gradual_course_names());
  if (values.has("prune-begin")) values.read("prune-begin", config.mask_begin.emplace(), StepCount::parse);
  if (values.has("prune-end")) values.read("prune-end", config.mask_end.emplace(), StepCount::parse);
  values.read("prune-every", config.mask_every, StepCount::parse);
  values.read("mask-distance", config.mask_distance);
  values.read("drop-fraction", config.drop_fraction);
}

// `model_of` describes the model that is named: read_model() where a user names it, who may mean a file.
SearchConfig read_config(const Values& values, std::string (*model_of)(const std::string&)) {
  SearchConfig config;
  read_data(values, config.data);
  values.read("model", config.model, model_of);
  values.read("init", config.initialization, initialization_names());
  read_training(values, config.training);
  values.read("budget", config.budget, budget_names());
  values.read("level-steps", config.level_steps, parse_step_counts);
  read_pretraining(values, config.pretraining);
  values.read("rate", config.rate);
  if (values.has("convolution-rate")) values.read("convolution-rate", config.convolution_rate.emplace());
  if (values.has("output-rate")) values.read("output-rate", config.output_rate.emplace());
  values.read("scope", config.scope, pruning_scope_names());
  values.read("layer-rate", config.layer_rates, parse_layer_rates);
  values.read_count("min-survivors", config.min_survivors);
  values.read("granularity", config.granularity, parse_granularity);
  values.read("score", config.score, score_names());
  values.read_count("score-images", config.score_images);
  values.read("from", config.from, absolute_path);
  values.read("rewind", config.rewind_step, StepCount::parse);
  values.read("retrain", config.retraining, retraining_names());
  values.read("retrain-order", config.retraining_order, retraining_order_names());
  values.read("target-density", config.target_density);
  if (config.target_density > 0) config.levels.reset();  // a target alone decides the number of levels
  if (values.has("levels")) values.read_count("levels", config.levels.emplace());
  values.read("densities", config.densities, parse_densities);
  values.read("prune", config.pruning_time, pruning_time_names());
  read_mask_changes(values, config);
  values.read("control", config.controls, parse_controls);
  values.read_count("trials", config.trials);
  values.read_count("replicates", config.replicates);
  values.read_count("seed", config.seed);
  values.read("kernel", config.kernel, parse_kernel_policies);
  return config;
}

std::set<std::string> names_in(const po::variables_map& map) {
  std::set<std::string> names;
  for (const auto& [name, value] : map) names.insert(name);
  return names;
}

std::string default_folder(const po::variables_map& map, const SearchConfig& config) {
  if (map.count("preset")) return "masks/" + map["preset"].as<std::string>();
  std::string name = config.model + "-" + config.data.source.substr(0, config.data.source.find(':'));
  std::ranges::replace(name, ':', '-');
  return "masks/" + name;
}

void apply_config_file(const std::string& path, po::variables_map& map) {
  const std::string text = read_config_file(path);
  const std::string where = "config file '" + path + "': ";
  ConfigLines lines;
  try {
    lines = written_lines(text);
  } catch (const ConfigError& error) {
    throw ConfigError(where + error.what());
  }
  parse_config(lines, where, config_options(), run_options(), map);
}

void apply_preset(const po::options_description& options, po::variables_map& map) {
  std::string settings;
  Values(map).read("preset", settings, [](const std::string& name) {
    const auto found = presets().find(name);
    if (found == presets().end()) throw unknown_name("preset", name, preset_names());
    return found->second;
  });
  parse_config(written_lines(settings), "the preset: ", options, {}, map);
}

// What of a run's settings for its end those that are asked for replace. More levels leave it its target
// density, which may end the search sooner; a new target asks for as many levels as it needs.
std::set<std::string> replaced_ends(const po::variables_map& map) {
  if (map.count("target-density") || map.count("densities")) return {"levels", "target-density", "densities"};
  if (map.count("levels")) return {"levels", "densities"};
  return {};
}

// What a run's settings say, by themselves.
SearchConfig stored_config(const std::string& text, const po::options_description& options) {
  po::variables_map map;
  parse_config(stored_lines(text), "", options, {}, map);
  SearchConfig config = read_config(Values(map), check_model);
  check(config);
  return config;
}

// A resumed run brings its own settings.
void apply_stored_settings(const CollectionRecord& stored, const std::string& origin,
                           const po::options_description& options, po::variables_map& map) {
  ConfigLines lines = stored_lines(stored.config + stored.extent);
  const std::set<std::string> replaced = replaced_ends(map);
  std::erase_if(lines, [&](const auto& line) { return replaced.contains(line.first); });
  parse_config(lines, origin + ": ", options, {}, map);
}

// --resume without a run begins one, but not for a typing error in --out.
void require_settings(const po::variables_map& map, const std::string& folder) {
  if (map.count("preset") || map.count("config") || map.count("data") || map.count("model")) return;
  throw ConfigError("there is no run to resume in '" + folder + "': check --out");
}

// Whether the run is a replicate of several, or a control: a search resumes all of them together.
bool is_part(const RunRecord& run) {
  return run.branch != "ticket" || run.extent.find("replicates = 1\n") == std::string::npos;
}

}  // namespace

std::optional<CollectionRecord> stored_settings(const RunStore& store) {
  const bool alone = store.has_run() && !store.holds_collection();
  const RunRecord run = alone ? store.read_run() : RunRecord();
  if (run.branch == "imported")
    throw ConfigError("'" + store.folder().string() +
                      "' was imported: no search to go on with; `ltlab search --from " +
                      store.folder().string() + "` trains its tickets");
  if (alone && is_part(run)) {
    const std::filesystem::path own = std::filesystem::weakly_canonical(store.folder());
    if (std::filesystem::weakly_canonical(store.search_folder()) == own)
      throw StoreError("'" + store.run_path().string() +
                       "' says that it is a part of a search, and none is around it; restore it from a copy");
    throw ConfigError(
        "'" + store.folder().string() +
        "' holds but a part of a search, a replicate or a control: give the whole search, --out " +
        store.search_folder().string());
  }
  return store.read_settings();
}

namespace {

// The data may have moved since; then they are looked for in the usual places.
void look_where_remembered(const std::string& remembered, SearchConfig& config) {
  if (holds_data(remembered, config.data.source) || holds_data(remembered, pretraining_data(config).source))
    config.data.directory = remembered;
}

SearchConfig resumed_config(const std::string& folder, const po::options_description& settings,
                            po::variables_map& map) {
  const RunStore store(folder);
  const std::optional<CollectionRecord> stored = stored_settings(store);
  if (!stored) {
    require_settings(map, folder);
    return read_config(Values(map), read_model);
  }
  const std::string origin = store.run_path().string();
  as_stored(origin, [&] { stored_config(stored->config + stored->extent, settings); });
  const bool placed = tells_place(map);
  const auto model_of = map.count("model") ? read_model : check_model;
  apply_stored_settings(*stored, origin, settings, map);
  SearchConfig config = read_config(Values(map), model_of);
  if (!placed) look_where_remembered(stored->data_directory, config);
  return config;
}

}  // namespace

SearchConfig config_of(const RunStore& store, const RunRecord& run, const std::string& data_directory) {
  if (run.branch == "imported")
    throw ConfigError(
        "an imported run tells neither its data nor how it was trained: train its tickets by `ltlab search "
        "--from RUN --model MODEL --data SOURCE`, and name that search's folder here");
  po::options_description settings;
  add_settings(settings);
  SearchConfig config =
      as_stored(store.run_path().string(), [&] { return stored_config(run.config + run.extent, settings); });
  if (data_directory.empty()) {
    look_where_remembered(run.data_directory, config);
  } else {
    config.data.directory = data_directory;
  }
  return config;
}

SearchRequest parse_search(const Arguments& arguments) {
  po::options_description settings;
  add_settings(settings);
  po::options_description all(
      "usage: ltlab search [OPTION...]\n\n"
      "Finds winning tickets: trains a network, prunes its smallest weights, rewinds the rest and trains "
      "again,\n"
      "level by level (iterative magnitude pruning with rewinding). Every level's mask and weights are kept "
      "in HDF5",
      kHelpWidth, kHelpWidth / 2);
  all.add(run_options());
  add_settings(all);
  po::variables_map map = parse_arguments(arguments, all);
  SearchRequest request;
  request.help = map.count("help") > 0;
  if (request.help) {
    std::ostringstream text;
    text << all;
    request.help_text = text.str();
    return request;
  }
  request.resume = map.count("resume") > 0;
  request.force = map.count("force") > 0;
  request.json = map.count("json") > 0;
  request.explain_kernels = map.count("explain-kernels") > 0;
  if (request.resume && request.force) throw ConfigError("--resume and --force exclude each other");
  GivenOptions given{names_in(map), {}};
  if (map.count("config")) apply_config_file(map["config"].as<std::string>(), map);
  given.config_file = names_in(map);
  apply_preset(settings, map);
  request.out = map.count("out") ? map["out"].as<std::string>()
                                 : default_folder(map, read_config(Values(map), read_model));
  if (request.out.empty()) throw ConfigError("--out names no folder: give one, or leave it out");
  request.config =
      request.resume ? resumed_config(request.out, settings, map) : read_config(Values(map), read_model);
  refuse_ignored_options(given, request.config);
  check(request.config);
  request.workers = read_workers(map);
  return request;
}

SearchConfig parse_settings(const Settings& common, const Settings& own, const std::string& data_directory) {
  Settings all(own);
  all.insert(common.begin(), common.end());
  po::variables_map map;
  parse_config({all.begin(), all.end()}, "", config_options(), run_options(), map);
  GivenOptions given{{}, names_in(map)};
  for (const auto& [name, value] : own) given.command_line.insert(name);
  if (!data_directory.empty()) {
    map.insert({"data-dir", po::variable_value(data_directory, false)});
    given.command_line.insert("data-dir");
  }
  po::options_description settings;
  add_settings(settings);
  apply_preset(settings, map);
  SearchConfig config = read_config(Values(map), read_model);
  refuse_ignored_options(given, config);
  check(config);
  return config;
}

unsigned read_workers(const po::variables_map& values) {
  unsigned workers = std::max(1u, std::thread::hardware_concurrency());
  Values(values).read_count("workers", workers);
  constexpr unsigned kMostWorkers = 1024;
  if (workers == 0 || workers > kMostWorkers)
    throw ConfigError("--workers must lie between 1 and " + std::to_string(kMostWorkers));
  return workers;
}

}  // namespace ltlab::app
