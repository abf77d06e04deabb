#pragma once

#include <filesystem>
#include <vector>

namespace ltlab {

/// Held by the one process that may search into a folder: a file `.lock` there, which is removed with it. The
/// system lifts the lock when the process ends, however it ends.
class SessionLock {
 public:
  /// Creates the folder if needed; created folders that stay empty are removed in the end. ConfigError:
  /// another process holds the lock; IoError: the system refuses.
  explicit SessionLock(const std::filesystem::path& folder);
  ~SessionLock();
  SessionLock(const SessionLock&) = delete;
  SessionLock& operator=(const SessionLock&) = delete;

 private:
  void lock(const std::filesystem::path& folder);
  void remove_created() const;

  std::vector<std::filesystem::path> created_;  // the innermost first
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace ltlab
