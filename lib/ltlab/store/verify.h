#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// The report of verify() on one file.
struct FileReport {
  std::filesystem::path path;
  std::string summary;  ///< "level 3, density 0.512, 266200 weights"; empty where the file cannot be read
  std::vector<std::string> faults;       ///< what is wrong: each names the layer, attribute or row
  std::vector<std::string> notes;        ///< what is unusual, but harmless: leftovers of killed processes
  ExitStatus status = ExitStatus::done;  ///< of the worst error that reading met, if any
};

/// Findings about a level's masks.
struct RuleFindings {
  std::string checked;              ///< how, for the file's summary; empty if it cannot be checked
  std::vector<std::string> faults;  ///< each names the layers
};

/// The rules by which a ticket's levels come about, from code that knows how the run was made.
struct LevelRules {
  /// Returns where a run's file contradicts its config.
  std::function<std::vector<std::string>(const RunRecord& run)> disagreements;
  /// Returns the level in which a level's masks are nested, and which must exist; none for a level that
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
/// - metrics go forward in steps, their last row agrees with the level's final figures, and early_stop_step
///   is where validation loss is least since the masks changed last;
/// - the totals of an ended search are those of its levels;
/// - files of a run name the same run (config, dataset, seed), and controls and replicates that of their
///   folder;
/// - each of a ticket's levels has the level before it, and masks nested in that one's: without `rules`, and
///   for an import, the levels 0, 1, 2, ...;
/// - masks of a control that changes only weights, and of a copy, are those of the run around it; masks of
///   `random-mask` keep as many weights in each layer, and those of `global-random-mask` in all together;
/// - masks follow `rules`, where there are such.
/// A single file is checked as far as its own content allows. `path` itself may be a symbolic link; none
/// within is followed.
///
/// Returns faults in the order of the files' names. They include what the system refuses to read, which keeps
/// nothing else from being checked. Throws ConfigError (no such path), DataError (the folder holds no run).
std::vector<FileReport> verify(const std::filesystem::path& path, const LevelRules& rules = {});

/// Returns how a check with these reports ends: the worst status of all faults.
ExitStatus status_of(const std::vector<FileReport>& reports);

/// Returns whether any report has a fault.
bool has_faults(const std::vector<FileReport>& reports);

}  // namespace ltlab
