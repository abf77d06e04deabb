#pragma once

#include <filesystem>

namespace ltlab {

/// Held by the one process that may search into a folder. The system lifts it when the process ends, however
/// it ends.
class SessionLock {
 public:
  /// Creates the folder if needed. ConfigError: another process holds it; IoError: the system refuses.
  explicit SessionLock(const std::filesystem::path& folder);
  ~SessionLock();
  SessionLock(const SessionLock&) = delete;
  SessionLock& operator=(const SessionLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace ltlab
