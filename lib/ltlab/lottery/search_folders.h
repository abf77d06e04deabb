#pragma once

#include <filesystem>
#include <string>

#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"

namespace ltlab {

/// The folder of one replicate's run: `folder` itself where there is but one.
std::filesystem::path replicate_folder(const std::filesystem::path& folder, unsigned replicates,
                                       unsigned replicate);
/// The folder of a control's run within a replicate's: "random-reinit-0".
std::filesystem::path control_folder(const std::filesystem::path& replicate, Control control, unsigned trial);

/// What an earlier session left in a folder, which may be gone on with only if it was made with the same
/// settings, data and seed as `run`: otherwise its levels would pass for results of this search. StoreError,
/// too, where one of its figures or weights cannot be right.
RunRecord read_same_run(const RunStore& store, const RunRecord& run);

/// A level to go on from, of a run of that branch. StoreError, too, where one of its figures or weights
/// cannot be right.
LevelRecord read_sound_level(const RunStore& store, unsigned level, const std::string& branch);

/// StoreError where there are levels but no run.h5 that tells their settings.
void require_no_levels(const RunStore& store);

/// A resumed search looks there again; where the user now leaves it open, what is known stays.
void remember_data_directory(const SearchConfig& config, std::string& directory);

/// Writes run.h5 of the folder of all replicates, which links to each. What an earlier session left is known
/// even where its run.h5 was lost.
void open_collection(const SearchConfig& config, RunStore store);

/// ConfigError where the search would leave out replicates, controls or levels that are recorded, or had
/// planned other densities: nothing may vanish from the report because a resumed search asks for less.
void require_all_asked(const SearchConfig& config, const std::filesystem::path& folder,
                       std::size_t last_level);

/// Whether every training that the search asks for is recorded already.
bool is_complete(const SearchConfig& config, const std::filesystem::path& folder, std::size_t last_level);

}  // namespace ltlab
