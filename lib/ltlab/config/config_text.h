#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab {

/// What decides the results, and how far the search goes (levels, target density, controls, trials,
/// replicates): canonical text, a line `option = value` each, in the format of --config, as run.h5 keeps it.
std::string config_text(const SearchConfig& config);
std::string extent_text(const SearchConfig& config);

/// What decides a run's masks, out of its config text and extent text one after the other: model, rates or
/// densities, time and scope; all else is as by default where it is missing. ConfigError where one of these
/// is missing or malformed.
SearchConfig pruning_settings(const std::string& text);

/// ConfigError where a search that was planned with the extent `before` had another density at some level
/// than `config` plans: levels may be added, not changed.
void require_same_densities(const std::string& before, const SearchConfig& config);

/// The value of one line of a config text; empty where there is none, which means the default.
std::optional<std::string> setting(const std::string& config_text, const std::string& name);

/// The names of the settings in which two config texts differ, sorted.
std::vector<std::string> differing_settings(const std::string& before, const std::string& now);

/// Where two config texts differ: "steps: 1000 before, 2000 now". A search may go on only where this is
/// empty.
std::vector<std::string> differences(const std::string& before, const std::string& now);

}  // namespace ltlab
