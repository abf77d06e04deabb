#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab {

/// Return the settings that decide the results, and the search's extent (levels, target density, controls,
/// trials, replicates): canonical text of lines `option = value`, in the format of --config, as in run.h5.
std::string config_text(const SearchConfig& config);
std::string extent_text(const SearchConfig& config);

/// Returns both in the format of --config, where they mean the same search: with the lines that a run leaves
/// out although the default is another (Setting::without_line).
std::string written_config(const SearchConfig& config);

/// Returns the settings that decide a run's masks, from its config text followed by its extent text: model,
/// rates or densities, time and scope; where they are missing, all others have their defaults, or what
/// earlier versions did (Setting::without_line). ConfigError where one of these is missing or malformed.
SearchConfig pruning_settings(const std::string& text);

/// Throws ConfigError where a search planned with the extent `before` had another density at some level than
/// `config` plans: levels may be added, not changed.
void require_same_densities(const std::string& before, const SearchConfig& config);

/// Returns the value of one line of a config text; empty where there is none, which means the default, or
/// Setting::without_line.
std::optional<std::string> setting(const std::string& config_text, const std::string& name);

/// Returns the sorted names of the settings in which two config texts differ.
std::vector<std::string> differing_settings(const std::string& before, const std::string& now);

/// Returns the differences of two config texts: "steps: 1000 before, 2000 now". A search may go on only where
/// there are none.
std::vector<std::string> differences(const std::string& before, const std::string& now);

}  // namespace ltlab
