#include "ltlab/config/settings.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "ltlab/base/join.h"
#include "ltlab/config/values.h"
#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"
#include "ltlab/nn/models.h"

// A member of a config, as a function of it.
#define AT(member) ([](auto& config) -> auto& { return config.member; })

namespace ltlab {
namespace {

using Test = bool (*)(const SearchConfig&);

// Returns "sgd | adam (default) | adamw".
std::string choices(const std::vector<std::string>& names, const std::string& preset) {
  return join(names, " | ",
              [&](const std::string& name) { return name + (name == preset ? " (default)" : ""); });
}

// Returns `help` with `text` in place of {}.
std::string filled(std::string help, const std::string& text) {
  const auto place = help.find("{}");
  return place == std::string::npos ? help : help.replace(place, 2, text);
}

// A row's statements after its help.
struct Row : Setting {
  Row& needs(const std::vector<Condition>& all) {
    conditions.insert(conditions.end(), all.begin(), all.end());
    return *this;
  }
  Row& stored_unless_default() {
    is_stored = [print = print, preset = print(SearchConfig())](const SearchConfig& config) {
      return print(config) != preset;
    };
    return *this;
  }
  // For a setting whose default is not what earlier versions did, which wrote no line for it.
  Row& without_line_is(const std::string& earlier) {
    without_line = earlier;
    is_stored = [row = Setting(*this)](const SearchConfig& config) {
      return row.counts(config) && row.print(config) != row.without_line;
    };
    return *this;
  }
  Row& of(Decides decided) {
    decides = decided;
    return *this;
  }
  Row& after_dense() {
    of_pruning = true;
    return *this;
  }
  Row& must_agree() {
    same_when_compared = true;
    return *this;
  }
};

class Table {
 public:
  void group(SettingGroup group) { group_ = group; }

  // A setting whose type decides how it is read and printed. In its help {} stands for the default.
  template <class At>
  Row& value(const std::string& name, const std::string& placeholder, const std::string& help, At at) {
    return add(
        name, placeholder, filled(help, to_text(at(preset_))),
        [at](const std::string& text, SearchConfig& config) { parse_value(text, at(config)); },
        [at](const SearchConfig& config) { return to_text(at(config)); });
  }

  // A setting with one of a few names. In its help {} stands for all of them.
  template <class Value, class At>
  Row& choice(const std::string& name, const std::string& placeholder, const std::string& help,
              const NameTable<Value>& names, At at) {
    return add(
        name, placeholder, filled(help, choices(names.names(), names.name(at(preset_)))),
        [&names, at](const std::string& text, SearchConfig& config) { at(config) = names.parse(text); },
        [&names, at](const SearchConfig& config) { return names.name(at(config)); });
  }

  // A setting whose text is parsed by `parse` into the value.
  template <class Parse, class At>
  Row& text(const std::string& name, const std::string& placeholder, const std::string& help, Parse parse,
            At at) {
    return add(
        name, placeholder, help,
        [parse, at](const std::string& text, SearchConfig& config) { at(config) = parse(text); },
        [at](const SearchConfig& config) { return to_text(at(config)); });
  }

  std::vector<Setting> rows() const {
    std::vector<Setting> rows(rows_.begin(), rows_.end());
    for (Setting& row : rows) {
      if (row.is_stored) continue;
      row.is_stored = [own = Setting(row)](const SearchConfig& config) { return own.counts(config); };
    }
    return rows;
  }

 private:
  template <class Parse, class Print>
  Row& add(const std::string& name, const std::string& placeholder, const std::string& help, Parse parse,
           Print print) {
    Row row;
    row.name = name;
    row.group = group_;
    row.placeholder = placeholder;
    row.help = help;
    row.read = [name, parse](const std::string& text, SearchConfig& config) {
      try {
        parse(text, config);
      } catch (const WrongKind& kind) {
        throw wrong_value(name, kind.what(), text);
      } catch (const ConfigError& error) {
        throw ConfigError("--" + name + ": " + error.what());
      }
    };
    row.print = print;
    return rows_.emplace_back(std::move(row));
  }

  SettingGroup group_ = SettingGroup::run;
  std::vector<Row> rows_;
  const SearchConfig preset_ = SearchConfig();
};

// ------------------------------------------------------------------------------------------------------ rows

std::string known_source(const std::string& text) {
  require_known_source(text);  // before any data are read
  return text;
}

// A resumed search may be started elsewhere.
std::string absolute_path(const std::string& text) {
  if (text.empty()) throw ConfigError("it names no run");
  return std::filesystem::absolute(text).lexically_normal();
}

const NameTable<bool>& label_names() {
  static const NameTable<bool> table("labels", {{false, "true"}, {true, "random"}});
  return table;
}

// Returns "during-training, early-bird or set": the names in a table for which the setting's test holds.
template <class Row, std::size_t kRows>
std::string choices(const Row (&rows)[kRows], decltype(Row::value) SearchConfig::*choice, Test holds) {
  std::vector<std::string> names;
  for (const Row& row : rows) {
    SearchConfig config;
    config.*choice = row.value;
    if (holds(config)) names.emplace_back(row.name);
  }
  const std::string last = names.back();
  names.pop_back();
  return names.empty() ? last : listed(names) + " or " + last;
}

// Returns "NAME: HELP; NAME: HELP".
template <class Row, std::size_t kRows>
std::string explained(const Row (&rows)[kRows]) {
  return join(rows, "; ", [](const Row& row) { return std::string(row.name).append(": ").append(row.help); });
}

Condition for_pruning_time(Test holds) {
  return {"prune", holds,
          "is for --prune " + choices(kPruningTimes, &SearchConfig::prune, holds) + ", and that is {}"};
}

// One line per statement about a setting reads best.
// clang-format off

void add_data(Table& t) {
  const Condition embedded{"data", [](auto& c) { return c.draws_embedded(); },
                           "is for --data embedded, and the data are {}"};
  const Condition read{"data", [](auto& c) { return c.data.source != "embedded" || pretraining_data(c).source != "embedded"; },
                       "is for --data other than embedded, and the data are embedded"};
  t.group(SettingGroup::run);
  t.value("data-dir", "DIR", "where the data files lie ($LTLAB_DATA, ../shared/data, ~/.cache/ltlab; for h5:FILE the current folder)",
          AT(data.directory)).needs({read}).of(Decides::place);
  t.group(SettingGroup::data);
  t.text("data", "SOURCE", choices(source_names(), DatasetOptions().source) +
         "\nArrays: images uint8 or float32 of shape N x FEATURES, N x HEIGHT x WIDTH or\n"
         "N x CHANNELS x HEIGHT x WIDTH, labels whole numbers from 0 of shape N. A sixth is\n"
         "held out for testing, unless ,/test_images,/test_labels follow.", known_source, AT(data.source)).must_agree();
  t.value("validation", "N", "training images held out for validation ({})", AT(data.validation)).must_agree();
  t.value("data-seed", "N", "names the held-out images, drawn labels, and the embedded images ({})", AT(data.split_seed)).must_agree();
  t.value("seed-split", "N", "names the images held out for validation (--data-seed)", AT(data.validation_seed))
      .must_agree().stored_unless_default();
  t.value("label-noise", "X", "of the training images, those held out excluded, whose labels are drawn at random; with ten "
          "classes 0.1 changes 9 % of the labels ({})", AT(data.label_noise)).must_agree().stored_unless_default();
  t.value("embedded-train", "N", "embedded training images ({})", AT(data.embedded_train)).needs({embedded}).must_agree();
  t.value("embedded-test", "N", "embedded test images ({})", AT(data.embedded_test)).needs({embedded}).must_agree();
}

void add_initial_weights(Table& t) {
  const Condition pretraining{"pretrain", [](auto& c) { return c.pretrains(); }, "is for --pretrain, and there is none"};
  t.group(SettingGroup::training);
  t.text("model", "MODEL", "lenet-300-100 (default), another of `ltlab model list`, or a file or text of your own",
         check_model, AT(model)).must_agree();
  t.choice("init", "INIT", "weights at step 0: {}", initialization_names(), AT(initialization));
  t.group(SettingGroup::pretraining);
  t.value("pretrain", "STEPS", "its length, with the settings for training; cosine falls over the longer of both "
          "(0: none, the weights of step 0 are as drawn)", AT(pretraining.steps)).is_stored = pretraining.holds;
  t.text("pretrain-data", "SOURCE", "other data, of images as large (those of --data); a file of arrays is looked for where "
         "--data's lies", known_source, AT(pretraining.source)).needs({pretraining})
      .is_stored = [](auto& c) { return c.pretrains() && !c.pretraining.source.empty(); };
  t.choice("pretrain-labels", "LABELS", "{}", label_names(), AT(pretraining.random_labels)).needs({pretraining})
      .is_stored = [](auto& c) { return c.pretrains() && c.pretraining.random_labels; };
}

void add_training(Table& t) {
  using Kind = OptimizerConfig::Kind;
  const Condition sgd{"optimizer", [](auto& c) { return c.training.optimizer.kind == Kind::sgd; },
                      "is for --optimizer sgd, and the optimizer is {}"};
  const Condition adam{"optimizer", [](auto& c) { return c.training.optimizer.kind != Kind::sgd; },
                       "is for --optimizer adam or adamw, and the optimizer is {}"};
  const Condition in_steps{"schedule", [](auto& c) { return c.training.learning_rate.shape == LearningRateSchedule::Shape::step; },
                           "is for --schedule step, and the schedule is {}"};
  t.group(SettingGroup::training);
  t.value("steps", "STEPS", "optimizer steps a level; here and wherever STEPS stands, 2ep means two epochs ({})",
          AT(training.steps)).must_agree();
  t.choice("budget", "NAME", "what every level's training gets alike: --steps, or the FLOPs that those cost the dense network, "
           "so that sparser ones take more steps: {}", budget_names(), AT(budget))
      .stored_unless_default().after_dense().must_agree();
  t.value("dense-steps", "STEPS", "of the dense network alone, whose learning rates and validations are drawn out alike: with "
          "--levels 0 and the steps of all levels of a search together, a control that has the budget of the whole search (the steps)",
          AT(dense_steps)).stored_unless_default();
  t.text("level-steps", "STEPS,...", "of levels 1, 2, ..., whose learning rates, validations and changes of masks are drawn out "
         "alike; the last is that of all that follow (the steps)", parse_step_counts, AT(level_steps))
      .stored_unless_default().after_dense().must_agree();
  t.value("batch", "N", "images a step ({})", AT(training.batch)).must_agree();
  t.choice("augment", "NAME", "of the training images: {}, which pads by 4 pixels, crops, and flips left to right, all at random",
           augmentation_names(), AT(training.augmentation)).stored_unless_default();
  t.value("validate-every", "STEPS", "between validations ({})", AT(training.validate_every));
  t.choice("optimizer", "NAME", "{}", optimizer_names(), AT(training.optimizer.kind));
  t.value("momentum", "X", "of sgd ({})", AT(training.optimizer.momentum)).needs({sgd});
  t.value("nesterov", "BOOL", "Nesterov's momentum for sgd", AT(training.optimizer.nesterov)).needs({sgd}).value_if_bare = "true";
  t.value("beta1", "X", "of adam and adamw ({})", AT(training.optimizer.beta1)).needs({adam});
  t.value("beta2", "X", "of adam and adamw ({})", AT(training.optimizer.beta2)).needs({adam});
  t.value("epsilon", "X", "of adam and adamw ({})", AT(training.optimizer.epsilon)).needs({adam});
  t.value("weight-decay", "X", "L2 penalty, decoupled in adamw ({})", AT(training.optimizer.weight_decay));
  t.value("learning-rate", "X", "({})", AT(training.learning_rate.base));
  t.choice("schedule", "NAME", "learning rate over the steps: {}", schedule_names(), AT(training.learning_rate.shape));
  t.value("warmup", "STEPS", "of linear warm-up ({})", AT(training.learning_rate.warmup_steps));
  t.text("milestones", "STEPS,...", "at which --schedule step multiplies the rate by the decay factor",
         parse_step_counts, AT(training.learning_rate.milestones)).needs({in_steps});
  t.value("decay-factor", "X", "of --schedule step ({})", AT(training.learning_rate.factor)).needs({in_steps});
}

void add_pruning(Table& t) {
  const Condition searches{"from", [](auto& c) { return c.from.empty(); }, "is not for --from, which brings the masks"};
  const Condition no_densities{"densities", [](auto& c) { return c.densities.empty(); }, "is not for --densities, which tell all levels"};
  const Condition no_pattern{"granularity", [](auto& c) { return c.granularity.kind != Granularity::Kind::pattern; },
                             "is not for --granularity {}, which has one level of its own density"};
  const Condition by_layer{"scope", [](auto& c) { return c.scope == PruningScope::layerwise || c.scope == PruningScope::global; },
                           "is not for --scope {}, which prunes all layers at one rate"};
  const Test sees_images = [](auto& c) { return row_of(kScores, c.score).sees_images(); };
  const std::string seeing = choices(kScores, &SearchConfig::score, sees_images);
  const Condition sees{"score", sees_images, "is for --score " + seeing + ", which see images"};
  const Test keeps_sign = [](auto& c) { return row_of(kScores, c.score).keeps_one_sign(); };
  const Condition keeps_one_sign{"score", keeps_sign,
                                 "is for --score " + choices(kScores, &SearchConfig::score, keeps_sign) + ", and that is {}"};
  const Condition moves = for_pruning_time([](auto& c) { return c.moves_masks(); });
  const Condition sparse = for_pruning_time([](auto& c) { return c.trains_sparse(); });
  const Condition moves_at_random = for_pruning_time([](auto& c) { return c.prune == PruningTime::set; });
  const Condition early = for_pruning_time([](auto& c) { return c.prune == PruningTime::early_bird; });
  const Condition gradual = for_pruning_time([](auto& c) { return c.prune == PruningTime::during_training; });
  t.group(SettingGroup::pruning);
  t.value("levels", "N", "pruned levels after the dense one ({}, or as many as --target-density needs)", AT(levels))
      .needs({no_densities, searches, no_pattern}).of(Decides::extent)
      .is_stored = [](auto& c) { return c.has_rates() && c.levels; };
  t.value("target-density", "X", "stop at the first level of at most this density, as 0.02 for 2 %", AT(target_density))
      .needs({no_densities, searches, no_pattern}).of(Decides::extent);
  t.text("densities", "D1,D2,...", "of levels 1, 2, ..., as 0.5,0.2,0.1, in place of rates, --levels and --target-density; the "
         "output layer is pruned as if at half the others' rate; none: rates decide", parse_densities, AT(densities)).needs({searches}).of(Decides::extent)
      .is_stored = [](auto& c) { return !c.has_rates() && !c.densities.empty(); };
  t.value("rate", "X", "fraction of the survivors pruned a round ({})", AT(rate))
      .needs({no_densities, searches, no_pattern}).after_dense();
  t.value("convolution-rate", "X", "of convolutions (the rate)", AT(convolution_rate))
      .needs({no_densities, searches, no_pattern, by_layer}).after_dense()
      .is_stored = [](auto& c) { return c.has_layer_rates() && c.convolution_rate; };
  t.value("output-rate", "X", "of the output layer (half the rate)", AT(output_rate))
      .needs({no_densities, searches, no_pattern, by_layer}).after_dense()
      .print = [](auto& c) { return to_text(c.rate_of_output_layer()); };
  t.text("layer-rate", "LAYER=X,...", "of single layers, as fc1=0.3,conv1=0; 0 keeps a layer whole", parse_layer_rates, AT(layer_rates))
      .needs({searches}).after_dense().stored_unless_default();
  t.value("min-survivors", "N", "weights that every layer keeps at least, lest pruning empty one ({})", AT(min_survivors))
      .needs({searches, no_pattern}).after_dense().stored_unless_default();
  t.choice("prune", "TIME", "when a level is pruned: " + explained(kPruningTimes) + " (by default after-training)",
           pruning_time_names(), AT(prune)).needs({searches}).after_dense().stored_unless_default();
  t.value("drop-fraction", "X", "of a layer's survivors, replaced at each change of moving masks, or at the first ({})", AT(drop_fraction))
      .needs({sparse}).after_dense();
  t.choice("set-drops", "NAME", "of set: by-sign drops that fraction of the positive and of the negative weights, those closest to "
           "zero, as Mocanu et al. 2018; magnitude drops the smallest of all, as the SET of Evci et al. 2020: {}",
           set_drops_names(), AT(set_drops)).needs({moves_at_random}).after_dense().without_line_is("magnitude");
  t.value("mask-distance", "X", "of early-bird: two masks are near when less than this fraction of the survivors differs ({})",
          AT(mask_distance)).needs({early}).after_dense();
  t.choice("settling", "NAME", "of early-bird: a mask has settled when it is near each of the four before (queue, as the code of You "
           "et al. 2020 does), or when five in a row were each near the one before (consecutive, as their paper says): {}",
           settling_names(), AT(settling)).needs({early}).after_dense().without_line_is("consecutive");
  t.choice("gradual", "COURSE", "of the pruned fraction during training: {}", gradual_course_names(), AT(gradual_course))
      .needs({gradual}).after_dense();
  t.value("prune-begin", "STEPS", "when masks begin to change in training (a quarter of the steps; 0 but for during-training)", AT(prune_begin)).needs({moves}).after_dense()
      .is_stored = [](auto& c) { return c.moves_masks() && c.prune_begin; };
  t.value("prune-end", "STEPS", "and when they stop (three quarters of the steps)", AT(prune_end)).needs({moves}).after_dense()
      .is_stored = [](auto& c) { return c.moves_masks() && c.prune_end; };
  t.value("prune-every", "STEPS", "between changes of masks during training, and checks of early-bird ({})", AT(prune_every))
      .needs({moves}).after_dense();
  t.choice("scope", "SCOPE", "weights compete within a layer or across layers; or layers have one density, or that of "
           "Erdős–Rényi-Kernel: {}", pruning_scope_names(), AT(scope)).needs({searches, no_pattern}).after_dense()
      .is_stored = [](auto& c) { return c.has_rates() || !c.densities.empty(); };
  t.text("granularity", "WHAT", "what goes at once: weight (default) | neuron or filter, all weights of an output | input or "
         "channel, all that read one | HEIGHTxWIDTH, a block as 4x4 | N:M, the best N of each M inputs stay, as 2:4",
         parse_granularity, AT(granularity)).needs({searches}).after_dense().stored_unless_default();
  t.choice("score", "NAME", "what says which weights go first, the lowest (movement is Zhou et al.'s; Sanh et al.'s is away-from-zero, "
           "if plain SGD trains at one rate): {}", score_names(), AT(score))
      .needs({searches}).after_dense().stored_unless_default();
  t.choice("wrong-sign", "NAME", "of scores that keep one sign: weights of the other count as zero, and go in random order, as in Zhou "
           "et al. 2019; or as negative, the largest going first: {}", wrong_sign_names(), AT(wrong_sign))
      .needs({searches, keeps_one_sign}).after_dense().without_line_is("negative");
  t.value("score-images", "N", "training images that " + seeing + " sees, as many of each class ({})", AT(score_images))
      .needs({searches, sees}).after_dense().is_stored = sees.holds;
}

void add_rewinding(Table& t) {
  t.text("from", "RUN", "train the tickets of another run, or one level-NNN.h5, from the weights that they start from, in place of "
         "searching for some", absolute_path, AT(from)).stored_unless_default();
  t.value("rewind", "STEPS", "to where the survivors return ({})", AT(rewind_step));
  t.choice("retrain", "NAME", "what returns there: weights (with all else), the learning-rate alone, or nothing, to fine-tune as "
           "long at the last learning rate; or none, to train them no more: {}", retraining_names(), AT(retraining))
      .stored_unless_default();
  t.choice("retrain-order", "NAME", "of the images: its own, or that of the dense network's training, the default in a comparison file: {}",
           retraining_order_names(), AT(retraining_order)).after_dense().stored_unless_default();
}

void add_comparison(Table& t) {
  const Condition drawn{"control", [](auto& c) { return std::ranges::any_of(c.controls, [](Control control) { return row_of(kControls, control).is_drawn; }); },
                        "is for --control, of those that are drawn, and there is none"};
  t.group(SettingGroup::comparison);
  t.value("replicates", "N", "whole searches with seeds SEED, SEED + 1, ... ({})", AT(replicates)).of(Decides::extent);
  t.text("control", "NAME,...", explained(kControls) + "; none (default)", parse_controls, AT(controls)).of(Decides::extent).stored_unless_default();
  t.value("trials", "N", "of each control that is drawn, at each level ({})", AT(trials)).needs({drawn}).of(Decides::extent)
      .is_stored = [](auto& c) { return !c.controls.empty(); };
  t.choice("predictions", "WHICH", "test and validation images of which each level records the predicted class and its "
           "probability: {}", recorded_predictions_names(), AT(predictions)).of(Decides::extent).stored_unless_default();
  t.value("seed", "N", "({})", AT(seed));
  t.value("seed-init", "N", "of all replicates' weights at step 0, and of fresh ones in controls (the replicate's seed)", AT(init_seed))
      .must_agree().stored_unless_default();
  t.value("seed-order", "N", "of the images' order and augmentation, and of dropout (the replicate's seed)", AT(order_seed))
      .must_agree().stored_unless_default();
  t.value("seed-mask", "N", "of whatever is drawn for masks: random masks and scores, growth, images that scores see, and "
          "shuffled weights (the replicate's seed)", AT(mask_seed)).after_dense().stored_unless_default();
  t.text("kernel", "KERNEL,...", "of masked layers: auto (default, the faster as measured) | dense | sparse; fc3=dense is for that "
         "layer alone, as in sparse,fc3=dense", parse_kernel_policies, AT(kernel));
}

// clang-format on

std::vector<Setting> table() {
  Table t;
  for (const auto add :
       {add_data, add_initial_weights, add_training, add_pruning, add_rewinding, add_comparison})
    add(t);
  return t.rows();
}

// A setting of a config file is not refused for what the command line chose.
bool is_asked(const GivenSettings& given, const std::string& name, const std::string& choice) {
  const auto is_from = [&](const std::string& setting, SettingSource source) {
    const auto found = given.find(setting);
    return found != given.end() && found->second.source == source;
  };
  return is_from(name, SettingSource::command_line) ||
         (is_from(name, SettingSource::config_file) && !is_from(choice, SettingSource::command_line));
}

template <class Counts>
SearchConfig read_if(const GivenSettings& given, const Counts& counts) {
  const bool of_run =
      std::ranges::any_of(given, [](const auto& each) { return each.second.source == SettingSource::run; });
  SearchConfig config;
  for (const Setting& setting : settings()) {
    const auto found = given.find(setting.name);
    const bool is_given = found != given.end();
    if (!is_given || !counts(setting)) {
      // What a run does not store, it has by the lack of a line.
      if ((is_given || of_run) && !setting.without_line.empty()) setting.read(setting.without_line, config);
      continue;
    }
    try {
      setting.read(found->second.text, config);
    } catch (const ConfigError& error) {
      throw ConfigError(found->second.where + error.what());
    }
  }
  if (config.target_density > 0 && !given.contains("levels"))
    config.levels.reset();  // only the target decides
  config.data.embedded_seed = config.data.split_seed;
  separate_folder(config.data);
  return config;
}

}  // namespace

bool Setting::counts(const SearchConfig& config) const {
  return std::ranges::all_of(conditions, [&](const Condition& each) { return each.holds(config); });
}

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = table();
  return all;
}

const Setting* find_setting(const std::string& name) {
  const auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

SearchConfig read_settings(const GivenSettings& given) {
  const SearchConfig all = read_if(given, [](const Setting&) { return true; });
  // A setting that a run does not store must not decide its results.
  return read_if(given, [&](const Setting& setting) {
    return setting.decides == Decides::place || setting.is_stored(all);
  });
}

void refuse_ignored(const GivenSettings& given, const SearchConfig& config) {
  for (const Setting& setting : settings()) {
    for (const Condition& condition : setting.conditions) {
      if (condition.holds(config) || !is_asked(given, setting.name, condition.choice)) continue;
      throw ConfigError("--" + setting.name + " " +
                        filled(condition.reason, find_setting(condition.choice)->print(config)) +
                        ": it would change nothing; leave it out");
    }
  }
}

}  // namespace ltlab
