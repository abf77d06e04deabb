#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab {

/// The heading under which help lists a setting.
enum class SettingGroup { run, data, training, pretraining, pruning, comparison };

/// What a setting decides: the results, which then belong to the identity of a run; the search's extent; or
/// the place of its data.
enum class Decides { results, extent, place };

/// A choice without which a setting would change nothing.
struct Condition {
  std::string choice;  ///< the name of the setting that makes it
  bool (*holds)(const SearchConfig&);
  /// Why it does not hold, with {} for the choice: "is for --optimizer sgd, and the optimizer is {}".
  std::string reason;
};

/// One setting of a search, with everything known about it.
struct Setting {
  std::string name;  ///< of its option, and of its line in a config
  SettingGroup group = SettingGroup::run;
  std::string placeholder;    ///< of its value in the help: "N"
  std::string help;           ///< with its default
  std::string value_if_bare;  ///< for an option that is given without one; empty: it needs a value

  /// Reads the value from a text. ConfigError that names the option.
  std::function<void(const std::string& text, SearchConfig& config)> read;
  /// Returns the value as a text that read() takes.
  std::function<std::string(const SearchConfig& config)> print;

  Decides decides = Decides::results;
  bool same_when_compared = false;  ///< whether a difference would explain one of accuracy
  bool of_pruning = false;  ///< whether the dense network, and what is kept of it, is the same for all values
  std::vector<Condition> conditions;              ///< all must hold for it to change anything
  bool counts(const SearchConfig& config) const;  ///< whether they do
  /// Whether a run's config has a line for it. Newer settings have one only where they differ from the
  /// earlier behaviour, so that a run keeps its identity.
  std::function<bool(const SearchConfig& config)> is_stored;
  /// The value of a run without a line for it, where that is not the default: what earlier versions did.
  std::string without_line;
};

/// All settings, in the order of a run's config.
const std::vector<Setting>& settings();
/// Returns the setting of that name; null where there is none.
const Setting* find_setting(const std::string& name);

/// The source of a setting's value. Earlier ones win over later ones.
enum class SettingSource { command_line, config_file, preset, run };

struct GivenSetting {
  std::string text;
  SettingSource source = SettingSource::command_line;
  std::string where;  ///< before complaints: "config file 'x': "
};

/// Settings by their names.
using GivenSettings = std::map<std::string, GivenSetting>;

/// Returns the config that they decide. Settings that are left out, or that would change nothing beside the
/// others, have their defaults, or where a run's lines are given their `without_line`. ConfigError for a
/// value that none can have.
SearchConfig read_settings(const GivenSettings& given);

/// Throws ConfigError for a setting of the command line or a config file that another one's choice makes
/// void. In a file it may be, by a choice of the command line, which can be meant for this run alone.
void refuse_ignored(const GivenSettings& given, const SearchConfig& config);

}  // namespace ltlab
