#include "comparison_file.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <map>

#include "command_line.h"
#include "ltlab/base/error.h"
#include "ltlab/base/names.h"
#include "ltlab/config/config_lines.h"
#include "ltlab/config/settings.h"
#include "search_options.h"

namespace ltlab::app {
namespace {

const std::string kBase = "base";
const std::string kVariant = "variant.";

// The settings of the base, and of each variant in the order of the file.
struct FileSettings {
  Settings base;
  std::vector<std::pair<std::string, Settings>> variants;

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

void add_line(const std::string& line, const std::string& value, FileSettings& to) {
  bool fresh = false;
  if (line.starts_with(kVariant)) {
    const auto [name, option] = parse_variant_line(line);
    if (option == "seed" || option == "replicates")
      throw ConfigError("'" + line +
                        "': all variants have the base's seeds, so that replicates pair; leave it out");
    fresh = to.variant(name).emplace(option, value).second;
  } else {
    fresh = to.base.emplace(line, value).second;
  }
  if (!fresh) throw ConfigError("'" + line + "' is set twice: leave one out");
}

FileSettings read_lines(const std::string& text) {
  FileSettings settings;
  for (const auto& [name, value] : written_lines(text)) add_line(name, value, settings);
  if (settings.variants.empty())
    throw ConfigError("there is no variant to compare the base with: add lines variant.NAME.option = value");
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

}  // namespace

NamedSearches read_comparison_file(const std::string& path, const std::string& data_directory,
                                   bool allow_different) {
  const std::string text = read_config_file(path), where = "config file '" + path + "'";
  const FileSettings settings = located(where + ": ", [&] { return read_lines(text); });
  NamedSearches searches;
  const auto add = [&](const std::string& name, const Settings& own, const std::string& of) {
    searches.emplace_back(
        name, located(where + of + ": ", [&] { return parse_variant(settings.base, own, data_directory); }));
  };
  add(kBase, {}, "");
  for (const auto& [name, own] : settings.variants) add(name, own, ", variant '" + name + "'");
  if (!allow_different) located(where + ": ", [&] { require_agreement(searches); });
  return searches;
}

}  // namespace ltlab::app
