#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// What verify() says about one file.
struct FileReport {
  std::filesystem::path path;
  std::string summary;  ///< "level 3, density 0.512, 266200 weights"; empty where the file cannot be read
  std::vector<std::string> faults;  ///< what is wrong: each names the layer, attribute or row
  std::vector<std::string> notes;   ///< what is unusual, but harmless: leftovers of killed processes
};

/// A further check of a ticket's level and the one before it, by those who know how the run was made: returns
/// what is wrong.
using LevelCheck = std::function<std::vector<std::string>(const RunRecord& run, const LevelRecord& before,
                                                          const LevelRecord& level)>;

/// Reads every file of a run, a collection of replicates, or a folder of such, and checks it: all checksums;
/// and that
/// - weights are finite, zero where masked, and shaped as the run's initial weights;
/// - the stated densities are those of the masks;
/// - metrics go forward in steps, and early_stop_step is where validation loss is least;
/// - the totals of an ended search are those of its levels;
/// - files of a run tell the same run (config, dataset, seed), and controls and replicates that of their
/// folder;
/// - a ticket's levels are 0, 1, 2, ... without gaps, each mask nested in the one before;
/// - masks of a control `random-reinit` and of a copy are those of the run around it, and of `random-mask`
/// keep as many weights in each layer;
/// - what `check_level` checks, where there is one.
/// A single file is checked for all that it tells by itself.
///
/// Faults are returned, in the order of the files' names. Throws ConfigError (no such path), DataError (the
/// folder holds no run), IoError (a folder cannot be listed).
std::vector<FileReport> verify(const std::filesystem::path& path, const LevelCheck& check_level = {});

/// Whether any report has a fault.
bool has_faults(const std::vector<FileReport>& reports);

}  // namespace ltlab
