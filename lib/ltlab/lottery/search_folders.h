#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"

namespace ltlab {

/// Returns the folder of one replicate's run: `folder` itself where there is only one.
std::filesystem::path replicate_folder(const std::filesystem::path& folder, unsigned replicates,
                                       unsigned replicate);
/// Returns the folder of a control's run within a replicate's: "random-reinit-0".
std::filesystem::path control_folder(const std::filesystem::path& replicate, Control control, unsigned trial);

/// Returns what an earlier session left in a folder, if one did. StoreError where its settings, data or seed
/// are not those of `run`: its levels would otherwise pass for results of this search; also where one of its
/// figures or weights cannot be right, and where there are levels but no run.h5 with their settings.
std::optional<RunRecord> read_earlier(const RunStore& store, const RunRecord& run);

/// Reads a level to go on from, of a run of that branch. StoreError, too, where one of its figures or weights
/// cannot be right.
LevelRecord read_sound_level(const RunStore& store, unsigned level, const std::string& branch);

/// Keeps the place for a resumed search to look again; if the user now leaves it open, the known one stays.
void remember_data_directory(const SearchConfig& config, std::string& directory);

/// Writes run.h5 of the folder of all replicates, which links to each. What an earlier session left is found
/// even where its run.h5 was lost.
void open_collection(const SearchConfig& config, RunStore store);

/// Throws ConfigError where the search would leave out recorded replicates, controls or levels, or had
/// planned other densities: nothing may vanish from the report because a resumed search asks for less.
void require_all_asked(const SearchConfig& config, const std::filesystem::path& folder,
                       std::size_t last_level);

/// Returns whether every training that the search asks for is recorded already.
bool is_complete(const SearchConfig& config, const std::filesystem::path& folder, std::size_t last_level);

}  // namespace ltlab
