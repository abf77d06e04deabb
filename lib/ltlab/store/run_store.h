#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ltlab/base/folder_entries.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// One run folder in format `ltlab-run` version 1: run.h5, level-000.h5, level-001.h5, ...
///
/// A folder of replicates is a run folder too: its run.h5 is a collection, and its members are run folders. A
/// ticket's controls, its pretraining and its copies are the members of its run folder. Each run.h5 links to
/// everything in its folder, so that opening the top one shows all of it:
///
///     DIR/run.h5                                collection     -> replicate-0, replicate-1
///     DIR/replicate-0/run.h5                    branch ticket  -> level-000, level-001, ..., random-reinit-0
///     DIR/replicate-0/level-000.h5, ...
///     DIR/replicate-0/pretraining/run.h5        its init weights -> level-000
///     DIR/replicate-0/random-reinit-0/run.h5    a control      -> level-003, ...
///     DIR/replicate-0/copy-0/run.h5             levels trained again, in another order of images
///
/// Nothing outside the folder is read, written or removed. The folder may be named through a symbolic link,
/// but no member's folder and no file in it may be one: where there is a link, reading is a StoreError,
/// writing puts a file in its place, and removing takes the link away. Files that have several hard links are
/// never written in place.
///
/// Every write goes to a temporary name in the same folder, is fsync'd and renamed, and the folder is
/// fsync'd: at any instant, whenever the process is killed, each file of the folder is whole or absent. Safe
/// to call from several threads, and from several processes with stores of the same folder.
class RunStore {
 public:
  /// The beginning of the names of copies. They are measurements of a run, and no part of its search.
  static constexpr std::string_view kCopy = "copy-";

  /// Throws StoreError where the folder has a member's name and is a symbolic link.
  explicit RunStore(std::filesystem::path folder);
  const std::filesystem::path& folder() const { return folder_; }

  /// Returns whether a folder of this name in a run's folder is a part of it ("replicate-0",
  /// "random-reinit-2", "pretraining"): a run of another name that lies there is somebody else's.
  static bool is_member_name(const std::string& name);
  /// Returns whether run.h5 may link so: "level-003" to "level-003.h5", "replicate-0" to its run.h5.
  static bool is_link(const FileLink& link);
  /// Returns the path. Throws StoreError where a file of a run is missing, or is a symbolic link or folder.
  static const std::filesystem::path& require_file(const std::filesystem::path& path);
  /// Returns level_path() after require_file() of it.
  std::filesystem::path level_file(unsigned level) const;

  /// Returns whether there is a run.h5, of a run or of a collection.
  bool has_run() const { return is_there(run_path()); }
  /// Returns whether the folder is a collection's, by its run.h5, or by its replicates where that is lost.
  /// Errors as of read_run().
  bool holds_collection() const;
  bool has_level(unsigned level) const { return is_there(level_path(level)); }
  bool has_checkpoint(unsigned level) const { return is_there(checkpoint_path(level)); }
  /// Throws StoreError where a file of the folder belongs to another run than run.h5 does.
  void require_own(const std::filesystem::path& file) const;
  /// Returns the levels stored, ascending.
  std::vector<unsigned> levels() const;
  /// Returns the names of the runs' folders inside (replicates, controls, copies), in numerical order.
  std::vector<std::string> members() const;
  /// Returns the runs of a search's tickets: those of a collection's members, or this one.
  std::vector<RunStore> tickets() const;

  /// Create the folder if needed, and replace run.h5. IoError where the disk refuses; what was stored before
  /// stays.
  void write_run(const RunRecord& run);
  void write_collection(const CollectionRecord& collection);
  /// Also links `level-NNN` in run.h5, which must be there (StoreError), and removes that level's checkpoint.
  void write_level(const LevelRecord& level);
  /// run.h5 must be there (StoreError).
  void write_checkpoint(const TrainingCheckpoint& checkpoint);
  /// Removes the checkpoint of a level that is stored, where a killed process has left it.
  void drop_checkpoint(unsigned level) const;
  /// Makes run.h5 link to exactly the levels and members that there are: call it on the enclosing folder once
  /// a member has its run.h5.
  void link_members();

  /// Deletes the run: its files and those of its members, and nothing else, each run.h5 last. IoError, before
  /// anything is deleted, where it may not write one of the folders.
  void remove();

  /// Returns the folder of the whole search, where this one is named as a part (a replicate's, a control's):
  /// the one around it, or the one around that. Absolute; `folder()` itself where it is not a part.
  std::filesystem::path search_folder() const;

  /// Returns the links that run.h5 should have, sorted by name: one to each level and member.
  std::vector<FileLink> expected_links() const;

  /// Throw StoreError (absent, damaged, newer format) naming the file and what to do.
  RunRecord read_run() const { return read_run_file(require_file(run_path())); }
  CollectionRecord read_collection() const { return read_collection_file(require_file(run_path())); }
  /// Read the kind of run.h5, and its links.
  FileKind read_kind() const { return ltlab::read_kind(require_file(run_path())); }
  RunIdentity read_identity() const { return ltlab::read_identity(require_file(run_path())); }
  std::vector<FileLink> read_links() const { return ltlab::read_links(require_file(run_path())); }
  /// Reads the settings with which the folder's search was begun, whether it holds a run or a collection;
  /// where a collection has lost its run.h5, its first replicate's. Empty where there is no run.
  std::optional<CollectionRecord> read_settings() const;
  LevelRecord read_level(unsigned level) const { return read_level_file(level_file(level)); }
  /// Reads the figures alone, without masks and weights.
  LevelSummary read_summary(unsigned level) const { return ltlab::read_summary(level_file(level)); }
  /// Reads what a level says of single images, without masks and weights.
  LevelPredictions read_predictions(unsigned level) const {
    return ltlab::read_predictions(level_file(level));
  }
  TrainingCheckpoint read_checkpoint(unsigned level) const {
    return read_checkpoint_file(require_file(checkpoint_path(level)));
  }

  /// Return "run.h5", "level-003.h5", "level-003.partial.h5" in the folder, whether there or not.
  std::filesystem::path run_path() const;
  std::filesystem::path level_path(unsigned level) const;
  std::filesystem::path checkpoint_path(unsigned level) const;

 private:
  std::vector<std::string> replicates() const;
  void require_removable() const;
  void remove_files();

  std::filesystem::path folder_;
};

}  // namespace ltlab
