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
namespace {

const std::string kBase = "base";
const std::string kVariant = "variant.";
const std::string kGrid = "grid.";

// The settings of the base, and of each variant in the order of the file; the options that are varied with
// their values; and lines that are no settings.
struct FileSettings {
  Settings base;
  std::vector<std::pair<std::string, Settings>> variants;
  std::vector<std::pair<std::string, std::vector<std::string>>> grid;
  ConfigLines study;

  Settings& variant(const std::string& name) {
    const auto found = std::ranges::find(variants, name, &std::pair<std::string, Settings>::first);
    return found != variants.end() ? found->second : variants.emplace_back(name, Settings()).second;
  }
};

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
  return to.variant(name).emplace(option, value).second;
}

bool add_grid_line(const std::string& line, const std::string& value, FileSettings& to) {
  const std::string option = line.substr(kGrid.size());
  constexpr std::size_t kMostChoices = 256;
  std::size_t all = split(value, ',').size();
  for (const auto& [other, values] : to.grid) all *= values.size();
  if (all == 0 || all > kMostChoices)
    throw ConfigError("'" + line + "': a grid makes from 1 to 256 choices, and this makes " +
                      std::to_string(all));
  if (option == "replicates")
    throw ConfigError("'" + line + "': every choice of the grid has the base's replicates; leave it out");
  const bool fresh = std::ranges::count(to.grid, option, &decltype(to.grid)::value_type::first) == 0;
  to.grid.emplace_back(option, split(value, ','));
  return fresh;
}

bool add_line(const std::string& line, const std::string& value, FileSettings& to) {
  if (line.starts_with(kVariant)) return add_variant_line(line, value, to);
  if (line.starts_with(kGrid)) return add_grid_line(line, value, to);
  if (!is_study_line(line)) return to.base.emplace(line, value).second;
  const bool fresh = std::ranges::count(to.study, line, &ConfigLines::value_type::first) == 0;
  to.study.emplace_back(line, value);
  return fresh;
}

FileSettings read_lines(const std::string& text) {
  FileSettings settings;
  for (const auto& [name, value] : written_lines(text)) {
    if (!add_line(name, value, settings)) throw ConfigError("'" + name + "' is set twice: leave one out");
  }
  for (const auto& [option, values] : settings.grid) {
    for (const auto& [variant, own] : settings.variants) {
      if (own.contains(option))
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
std::vector<Choice> choices(const FileSettings& file) {
  std::vector<Choice> all{{}};
  for (const auto& [option, values] : file.grid) {
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

NamedSearches read_searches(const FileSettings& file, const Choice& choice, const std::string& where,
                            const std::string& data_directory) {
  Settings base = file.base;
  for (const auto& [option, value] : choice.settings) base[option] = value;
  NamedSearches searches;
  const auto add = [&](const std::string& name, const Settings& own, const std::string& of) {
    searches.emplace_back(
        name, located(where + of + ": ", [&] { return parse_variant(base, own, data_directory); }));
  };
  add(kBase, {}, "");
  for (const auto& [name, own] : file.variants) add(name, own, ", variant '" + name + "'");
  return searches;
}

}  // namespace

ComparisonFile read_comparison_file(const std::string& path, const std::string& data_directory,
                                    bool allow_different) {
  ComparisonFile file;
  file.text = read_config_file(path);
  const std::string where = "config file '" + path + "'";
  const FileSettings settings = located(where + ": ", [&] { return read_lines(file.text); });
  file.grid = settings.grid;
  for (const Choice& choice : choices(settings))
    file.specifications.push_back({choice.name, read_searches(settings, choice, where, data_directory)});
  located(where + ": ", [&] {
    const std::vector<std::string> variants = variant_names(file.searches());
    if (variants.size() < 2)
      throw ConfigError(
          "there is nothing to compare the base with: add lines variant.NAME.option = value, or "
          "a control");
    file.study = read_study_lines(settings.study);
    check_variants(file.study, variants);
    if (allow_different) return;
    for (const Specification& specification : file.specifications) require_agreement(specification.searches);
  });
  return file;
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
