#include "comparison_file.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>
#include <utility>

#include "command_line.h"
#include "ltlab/base/error.h"
#include "ltlab/base/names.h"
#include "ltlab/base/text.h"
#include "ltlab/config/config_lines.h"
#include "ltlab/config/settings.h"
#include "search_options.h"

namespace ltlab::app {
namespace fs = std::filesystem;
namespace {

const std::string kBase = "base";
const std::string kVariant = "variant.";
const std::string kGrid = "grid.";
const std::string kTune = "tune.";
const std::string kTuningFolder = "tuning";

// What the file says of one search.
struct SearchLines {
  Settings settings;
  OptionValues tune;
};

// What the file says of the base, and of each variant in the order of the file; the options that are varied
// with their values; and lines that are no settings.
struct FileSettings {
  SearchLines base;
  std::vector<std::pair<std::string, SearchLines>> variants;
  OptionValues grid;
  ConfigLines study;

  SearchLines& variant(const std::string& name) {
    const auto found = std::ranges::find(variants, name, &std::pair<std::string, SearchLines>::first);
    return found != variants.end() ? found->second : variants.emplace_back(name, SearchLines()).second;
  }
};

const std::vector<std::string>* values_of(const std::string& option, const OptionValues& values) {
  const auto found = std::ranges::find(values, option, &OptionValues::value_type::first);
  return found == values.end() ? nullptr : &found->second;
}

// Adds the values of a line, and returns whether they are the first of that option.
bool add_values(const std::string& line, const std::string& option, const std::string& text,
                OptionValues& to) {
  constexpr std::size_t kMostChoices = 256;
  std::size_t all = split(text, ',').size();
  for (const auto& [other, values] : to) all *= values.size();
  if (all == 0 || all > kMostChoices)
    throw ConfigError("'" + line + "': together such lines make from 1 to 256 choices, and this makes " +
                      std::to_string(all));
  const bool fresh = values_of(option, to) == nullptr;
  to.emplace_back(option, split(text, ','));
  return fresh;
}

// Adds values that are tried, the best of which is taken. A seed that is chosen is no result.
bool add_tune_line(const std::string& line, const std::string& option, const std::string& text,
                   OptionValues& to) {
  if (option.find("seed") != std::string::npos || option == "replicates")
    throw ConfigError("'" + line + "': seeds are not chosen by their results; leave it out");
  return add_values(line, option, text, to);
}

// Splits "variant.cubic.schedule" into "cubic" and "schedule". A variant's name is also its folder's.
std::pair<std::string, std::string> parse_variant_line(const std::string& line) {
  const std::string rest = line.substr(kVariant.size());
  const std::string name = rest.substr(0, rest.find('.'));
  const bool plain =
      !name.empty() && name.size() < rest.size() &&
      std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
  if (plain && name != kBase) return {name, rest.substr(name.size() + 1)};
  throw ConfigError("'" + line +
                    "': write variant.NAME.option, with a NAME of letters, digits, - and _ that is not '" +
                    kBase + "'");
}

bool add_variant_line(const std::string& line, const std::string& value, FileSettings& to) {
  const auto [name, option] = parse_variant_line(line);
  if (option == "seed" || option == "replicates")
    throw ConfigError("'" + line +
                      "': all variants have the base's seeds, so that replicates pair; leave it out");
  SearchLines& variant = to.variant(name);
  return option.starts_with(kTune) ? add_tune_line(line, option.substr(kTune.size()), value, variant.tune)
                                   : variant.settings.emplace(option, value).second;
}

bool add_grid_line(const std::string& line, const std::string& value, FileSettings& to) {
  const std::string option = line.substr(kGrid.size());
  if (option == "replicates")
    throw ConfigError("'" + line + "': every choice of the grid has the base's replicates; leave it out");
  return add_values(line, option, value, to.grid);
}

bool add_line(const std::string& line, const std::string& value, FileSettings& to) {
  if (line.starts_with(kVariant)) return add_variant_line(line, value, to);
  if (line.starts_with(kGrid)) return add_grid_line(line, value, to);
  if (line.starts_with(kTune)) return add_tune_line(line, line.substr(kTune.size()), value, to.base.tune);
  if (!is_study_line(line)) return to.base.settings.emplace(line, value).second;
  const bool fresh = std::ranges::count(to.study, line, &ConfigLines::value_type::first) == 0;
  to.study.emplace_back(line, value);
  return fresh;
}

// Refuses values to try of what is set.
void refuse_set(const std::string& line, const SearchLines& lines, const OptionValues& grid) {
  for (const auto& [option, values] : lines.tune) {
    if (lines.settings.contains(option) || values_of(option, grid))
      throw ConfigError("'" + line + option + "' tries values of what is set: leave one of them out");
  }
}

FileSettings read_lines(const std::string& text) {
  FileSettings settings;
  for (const auto& [name, value] : written_lines(text)) {
    if (!add_line(name, value, settings)) throw ConfigError("'" + name + "' is set twice: leave one out");
  }
  refuse_set(kTune, settings.base, settings.grid);
  for (const auto& [variant, lines] : settings.variants) {
    refuse_set(kVariant + variant + "." + kTune, lines, settings.grid);
    for (const auto& [option, values] : settings.grid) {
      if (lines.settings.contains(option))
        throw ConfigError("'" + kGrid + option + "' varies what variant '" + variant +
                          "' sets: leave one of them out");
    }
  }
  return settings;
}

// Checks what disagreements() reports of runs, but before they are run.
void require_agreement(const NamedSearches& searches) {
  const SearchConfig& base = searches.front().second;
  for (const auto& [name, config] : searches) {
    for (const Setting& setting : settings()) {
      if (!setting.same_when_compared || setting.print(config) == setting.print(base)) continue;
      throw ConfigError(
          "variant '" + name + "' differs from the base in " + setting.name +
          ", so that a difference of accuracy would not be the pruning's: leave it out, or compare all "
          "the same by --allow-different");
    }
  }
}

// Variants show their images in one order at all levels, so that their networks pair, whatever their levels.
SearchConfig parse_variant(const Settings& base, const Settings& own, const std::string& data_directory) {
  SearchConfig config = parse_settings(base, own, data_directory);
  const bool told = base.contains("retrain-order") || own.contains("retrain-order");
  if (!told && config.retraining != Retraining::none) config.retraining_order = RetrainingOrder::original;
  return config;
}

// Returns a text that a folder's name may have.
std::string plain(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return !std::isalnum(c) && c != '.' && c != '-'; }, '_');
  return text;
}

// One choice of the grid: its name, and the settings that it makes.
struct Choice {
  std::string name;
  Settings settings;
};

// Returns every choice of one value of each option, the first values first.
std::vector<Choice> choices(const OptionValues& of) {
  std::vector<Choice> all{{}};
  for (const auto& [option, values] : of) {
    std::vector<Choice> more;
    for (const Choice& choice : all) {
      for (const std::string& value : values) {
        Choice& next = more.emplace_back(choice);
        next.name += (next.name.empty() ? "" : "_") + option + "-" + plain(value);
        next.settings[option] = value;
      }
    }
    all = std::move(more);
  }
  return all;
}

// Returns the values to try for a search: its own, and the base's of what it neither sets nor tries itself.
OptionValues tuned_values(const SearchLines& base, const SearchLines& own) {
  OptionValues values = own.tune;
  for (const auto& [option, tried] : base.tune) {
    if (!own.settings.contains(option) && !values_of(option, own.tune)) values.emplace_back(option, tried);
  }
  return values;
}

// Returns a trial of a search: with a seed that none of its replicates has, and by its tickets alone.
SearchConfig trial_of(SearchConfig config, unsigned most_replicates) {
  config.seed += most_replicates;
  config.replicates = 1;
  config.controls.clear();
  config.predictions = RecordedPredictions::none;
  return config;
}

// Reads the searches of a choice of the grid.
class SpecificationReader {
 public:
  SpecificationReader(const FileSettings& file, const Choice& choice, const std::string& where,
                      const std::string& data_directory, unsigned most_replicates)
      : file_(file),
        where_(where),
        data_directory_(data_directory),
        base_(file.base.settings),
        most_replicates_(most_replicates) {
    specification_.name = choice.name;
    for (const auto& [option, value] : choice.settings) base_[option] = value;
  }

  Specification read() {
    add(kBase, {{}, file_.base.tune}, where_ + ": ");
    for (const auto& [name, lines] : file_.variants) add(name, lines, where_ + ", variant '" + name + "': ");
    return std::move(specification_);
  }

 private:
  void add(const std::string& name, const SearchLines& lines, const std::string& where) {
    Tuning tuning{.values = tuned_values(file_.base, lines), .trials = {}, .candidates = {}};
    for (const Choice& choice : choices(tuning.values)) {
      Settings own = lines.settings;
      own.insert(choice.settings.begin(), choice.settings.end());
      const SearchConfig config = located(where, [&] { return parse_variant(base_, own, data_directory_); });
      if (!choice.name.empty() && config.data.validation == 0)
        throw ConfigError(where + "values are chosen by validation accuracy, and --validation is 0");
      tuning.candidates.emplace_back(choice.name, config);
      tuning.trials.emplace_back(choice.name,
                                 trial_of(config, std::max(most_replicates_, config.replicates)));
    }
    specification_.searches.emplace_back(name, tuning.candidates.front().second);
    if (tuning.trials.size() < 2) return;
    if (name == kTuningFolder)
      throw ConfigError(where + "the folder of that name is for trials; give the variant another name");
    specification_.tunings.emplace(name, std::move(tuning));
  }

  const FileSettings& file_;
  const std::string &where_, &data_directory_;
  Settings base_;
  unsigned most_replicates_;
  Specification specification_;
};

}  // namespace

ComparisonFile read_comparison_file(const std::string& path, const std::string& data_directory,
                                    bool allow_different) {
  ComparisonFile file;
  file.text = read_config_file(path);
  const std::string where = "config file '" + path + "'";
  const FileSettings settings = located(where + ": ", [&] { return read_lines(file.text); });
  file.grid = settings.grid;
  file.study = located(where + ": ", [&] { return read_study_lines(settings.study); });
  const unsigned looks = file.study.looks.empty() ? 0 : file.study.looks.back();
  for (const Choice& choice : choices(settings.grid))
    file.specifications.push_back(SpecificationReader(settings, choice, where, data_directory, looks).read());
  located(where + ": ", [&] {
    const std::vector<std::string> variants = variant_names(file.searches());
    if (variants.size() < 2)
      throw ConfigError(
          "there is nothing to compare the base with: add lines variant.NAME.option = value, or "
          "a control");
    check_variants(file.study, variants);
    if (allow_different) return;
    for (const Specification& specification : file.specifications) {
      require_agreement(specification.searches);
      for (const auto& [name, tuning] : specification.tunings) require_agreement(tuning.candidates);
    }
  });
  return file;
}

fs::path specification_folder(const Specification& specification, const std::string& out) {
  return specification.name.empty() ? fs::path(out) : fs::path(out) / specification.name;
}

fs::path search_folder(const Specification& specification, const std::string& out,
                       const std::string& search) {
  return specification_folder(specification, out) / search;
}

fs::path tuning_folder(const Specification& specification, const std::string& out,
                       const std::string& search) {
  return specification_folder(specification, out) / kTuningFolder / search;
}

std::vector<fs::path> recorded_folders(const ComparisonFile& file, const std::string& out) {
  std::vector<fs::path> folders;
  for (const Specification& specification : file.specifications) {
    for (const auto& [name, config] : specification.searches)
      folders.push_back(search_folder(specification, out, name));
    for (const auto& [name, tuning] : specification.tunings) {
      for (const auto& [trial, config] : tuning.trials)
        folders.push_back(tuning_folder(specification, out, name) / trial);
    }
  }
  std::erase_if(folders, [](const fs::path& folder) { return !fs::exists(folder); });
  return folders;
}

std::vector<std::string> variant_names(const NamedSearches& searches) {
  std::vector<std::string> names;
  for (const auto& [name, config] : searches) {
    names.push_back(name);
    for (const Control control : config.controls) names.push_back(name + "/" + control_names().name(control));
  }
  return names;
}

}  // namespace ltlab::app
