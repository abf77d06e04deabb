#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace ltlab {

/// Excludes other threads and processes that change the same folder, while it lives. File systems without
/// locks (some network ones) exclude nobody; files then still appear whole, and what two writers do at once
/// to the same file ends as if one came after the other.
class FolderLock {
 public:
  /// IoError: the folder cannot be opened, or the system fails to lock it, or another process keeps it locked
  /// longer than `patience`.
  explicit FolderLock(std::filesystem::path folder,
                      std::chrono::milliseconds patience = std::chrono::minutes(2));
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// Whether the lock really excludes others.
  bool exclusive() const { return exclusive_; }
  /// Puts the folder's entries on disk.
  void sync() const;

 private:
  std::filesystem::path folder_;
  int descriptor_ = -1;
  bool exclusive_ = false;
};

/// Throws the StoreError that a folder has the name of a run's file.
[[noreturn]] void refuse_folder(const std::filesystem::path& path);

/// Whether a file of that name is the unfinished work of a process that was killed (or is still writing).
bool is_temporary(const std::filesystem::path& file);

/// Throws where the file at `written` is not what was meant.
using CheckWritten = std::function<void(const std::filesystem::path& written)>;

/// Writes a file of the locked folder so that, whenever the process or the machine dies, it is there with its
/// new content or as it was before: temporary name, fsync, read back, rename, fsync of the folder. What is
/// read back must be the same bytes, and what `check` takes for right. Leftovers of killed writers of that
/// file are removed. IoError where the disk refuses or `check` throws, StoreError where a folder has the
/// name; the file is then as it was before, and no temporary stays.
void write_atomically(const FolderLock& lock, const std::string& name, std::span<const std::byte> bytes,
                      const CheckWritten& check = nullptr);

}  // namespace ltlab
