#include "ltlab/store/session_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "ltlab/base/error.h"

namespace ltlab {

SessionLock::SessionLock(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError("cannot create folder '" + folder.string() + "': " + error.message() + "; check --out");
  const std::filesystem::path path = folder / ".lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw IoError("cannot write '" + path.string() + "': " + std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(descriptor_);
  throw ConfigError("another process searches into '" + folder.string() +
                    "': wait for it, stop it, or give another --out");
}

SessionLock::~SessionLock() {
  ::close(descriptor_);
}

}  // namespace ltlab
