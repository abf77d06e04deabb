#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// What verify() says about one file.
struct FileReport {
  std::filesystem::path path;
  std::string summary;  ///< "level 3, density 0.512, 266200 weights"; empty where the file cannot be read
  std::vector<std::string> faults;       ///< what is wrong: each names the layer, attribute or row
  std::vector<std::string> notes;        ///< what is unusual, but harmless: leftovers of killed processes
  ExitStatus status = ExitStatus::done;  ///< of the worst error that was met, where reading met one
};

/// What is known of a level's masks.
struct RuleFindings {
  std::string checked;              ///< in what way, for the file's summary; empty where nobody can tell
  std::vector<std::string> faults;  ///< each names the layers
};

/// How a ticket's levels come about, by those who know how the run was made.
struct LevelRules {
  /// What a run's file says otherwise than its config.
  std::function<std::vector<std::string>(const RunRecord& run)> disagreements;
  /// The level that a level's masks are nested in, and without which it cannot be; none for a level that
  /// depends on no other.
  std::function<std::optional<unsigned>(const RunRecord& run, unsigned level)> before;
  /// Checks a level's masks, given the level before it, or null.
  std::function<RuleFindings(const RunRecord& run, const LevelRecord* before, const LevelRecord& level)>
      check;
};

/// Reads every file of a run, a collection of replicates, or a folder of such, and checks it: all checksums;
/// and that
/// - weights are finite, zero where masked, and shaped as the run's initial weights;
/// - the stated densities are those of the masks;
/// - losses, accuracies, times and costs are in their ranges, and kernels those of the level's own weights;
/// - metrics go forward in steps, their last row is what the level says of the end, and early_stop_step is
/// where validation loss is least since the masks changed last;
/// - the totals of an ended search are those of its levels;
/// - files of a run tell the same run (config, dataset, seed), and controls and replicates that of their
/// folder;
/// - each of a ticket's levels has the level before it, and masks nested in that one's: without `rules`, and
/// of an import, the levels 0, 1, 2, ...;
/// - masks of a control that changes weights alone, and of a copy, are those of the run around it; those of
/// `random-mask` keep as many weights in each layer, and of `global-random-mask` in all together;
/// - masks are what `rules` say, where there are such.
/// A single file is checked for all that it tells by itself. `path` itself may be a symbolic link; none
/// within is followed.
///
/// Faults are returned, in the order of the files' names: also what the system refuses to read, which keeps
/// nothing else from being checked. Throws ConfigError (no such path), DataError (the folder holds no run).
std::vector<FileReport> verify(const std::filesystem::path& path, const LevelRules& rules = {});

/// How a check that found this ends: the worst status of all faults.
ExitStatus status_of(const std::vector<FileReport>& reports);

/// Whether any report has a fault.
bool has_faults(const std::vector<FileReport>& reports);

}  // namespace ltlab
