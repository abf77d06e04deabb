#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command_line.h"
#include "ltlab/analysis/matching_levels.h"
#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"

namespace ltlab::app {

/// What `ltlab search` is asked to do.
struct SearchRequest {
  SearchConfig config;
  std::string out;  ///< folder of the run
  unsigned workers = 1;
  bool resume = false, force = false, json = false;
  MatchingOptions matching;      ///< by which the result is judged
  bool explain_kernels = false;  ///< show which kernels ran, and why
  bool help = false;             ///< nothing else: the help has been printed
};

/// Returns what the search in the store's folder was begun with; empty where it holds none. ConfigError,
/// naming the folder of the whole search, where it holds only a part: a replicate of several, or a control.
std::optional<CollectionRecord> stored_settings(const RunStore& store);

/// Returns the store's run, or the replicates of its collection. DataError where that has none.
std::vector<RunStore> runs_in(const RunStore& store);

/// Returns the config that a stored run was made with, except for the place of its data: `data_directory`, or
/// where that is empty, the folder that the run remembers, if the data are still there. ConfigError where the
/// run's config is not a search's (an import's), StoreError where it makes no sense.
SearchConfig config_of(const RunStore& store, const RunRecord& run, const std::string& data_directory);

/// Reads the command line, then --config, then --preset: the first to set an option wins. With --resume and a
/// run in `out`, whatever none of them sets comes from the run itself. Prints the help where --help asks for
/// it. Throws ConfigError.
SearchRequest parse_search(const Arguments& arguments);

/// The settings of each preset, by its name, in the format of --config.
const std::map<std::string, std::string>& presets();

/// Settings by the names of their options, as in --config; `preset` is one of them.
using Settings = std::map<std::string, std::string>;

/// Returns the search that the settings decide; those of `own` replace the same ones of `common`. What
/// neither sets comes from the preset that they name, or is the default. The data lie in `data_directory`,
/// where that is not empty. ConfigError.
SearchConfig parse_settings(const Settings& common, const Settings& own, const std::string& data_directory);

/// Returns --workers, or the number of the processor's cores. ConfigError.
unsigned read_workers(const boost::program_options::variables_map& values);

}  // namespace ltlab::app
