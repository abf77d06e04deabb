#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "ltlab/base/regular_file.h"

namespace ltlab {

/// Keeps other threads and processes from changing the same folder, while it lives. File systems without
/// locks (some network ones) exclude nobody; files then still appear whole, and simultaneous writes to the
/// same file end as if one came after the other.
class FolderLock {
 public:
  /// Throws IoError where the folder cannot be opened, the system fails to lock it, or another process keeps
  /// it locked longer than `patience`.
  explicit FolderLock(std::filesystem::path folder,
                      std::chrono::milliseconds patience = std::chrono::minutes(2));
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// Returns whether the lock really excludes others.
  bool exclusive() const { return exclusive_; }
  /// Puts the folder's entries on disk.
  void sync() const;

 private:
  std::filesystem::path folder_;
  FileDescriptor descriptor_;
  bool exclusive_ = false;
};

/// Throws a StoreError: a folder has the name of a run's file.
[[noreturn]] void refuse_folder(const std::filesystem::path& path);

/// Returns whether a file of that name is the unfinished work of a process that was killed (or still writes).
bool is_temporary(const std::filesystem::path& file);

/// Throws where the file at `written` is not what was meant.
using CheckWritten = std::function<void(const std::filesystem::path& written)>;

/// Writes a file of the locked folder so that, whenever the process or the machine dies, it has its new
/// content or is as it was before: temporary name, fsync, read back, rename, fsync of the folder. The content
/// read back must be the same bytes and pass `check`. Leftovers of killed writers of that file are removed.
/// IoError where the disk refuses or `check` throws, StoreError where a folder has the name; the file is then
/// as it was before, and no temporary stays.
void write_atomically(const FolderLock& lock, const std::string& name, std::span<const std::byte> bytes,
                      const CheckWritten& check = nullptr);

}  // namespace ltlab
