#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// One run folder in format `ltlab-run` version 1: run.h5, level-000.h5, level-001.h5, ...
///
/// Every write goes to a temporary name in the same folder, is flushed, fsync'd and renamed, and the folder is
/// fsync'd: at any instant, whenever the process is killed, each file of the folder is whole or absent. Safe to
/// call from several threads.
class RunStore {
 public:
  explicit RunStore(std::filesystem::path folder);
  const std::filesystem::path& folder() const { return folder_; }

  bool has_run() const;
  bool has_level(unsigned level) const;
  bool has_checkpoint(unsigned level) const;
  /// Levels stored, ascending.
  std::vector<unsigned> levels() const;

  /// Creates the folder if needed. IoError where the disk refuses; what was stored before stays.
  void write_run(const RunRecord& run);
  /// Also adds an external link `level-NNN` to run.h5, and removes that level's checkpoint.
  void write_level(const LevelRecord& level);
  void write_checkpoint(const TrainingCheckpoint& checkpoint);

  /// Throw StoreError (damaged, incomplete, newer format) naming the file and what to do.
  RunRecord read_run() const;
  LevelRecord read_level(unsigned level) const;
  /// The figures alone, without masks and weights.
  LevelSummary read_summary(unsigned level) const;
  TrainingCheckpoint read_checkpoint(unsigned level) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace ltlab
