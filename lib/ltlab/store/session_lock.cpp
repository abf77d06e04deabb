#include "ltlab/store/session_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "ltlab/base/error.h"

namespace ltlab {

namespace {

// The folders that do not exist, and that creating `folder` creates; the innermost is first. A folder that
// cannot be looked at counts as one that exists.
std::vector<std::filesystem::path> missing_folders(std::filesystem::path folder) {
  std::vector<std::filesystem::path> missing;
  const auto is_missing = [](const std::filesystem::path& path) {
    std::error_code cannot_look;
    return std::filesystem::status(path, cannot_look).type() == std::filesystem::file_type::not_found;
  };
  for (; folder.has_relative_path() && is_missing(folder); folder = folder.parent_path())
    missing.push_back(folder);
  return missing;
}

// Returns whether the open file is still the one at `path`: another process may have deleted it before it was
// locked. Where it is not, errno has no meaning.
bool is_at(int descriptor, const std::filesystem::path& path) {
  struct stat opened {
  }, found{};
  errno = 0;
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &found) == 0 &&
         opened.st_dev == found.st_dev && opened.st_ino == found.st_ino;
}

}  // namespace

SessionLock::SessionLock(const std::filesystem::path& folder)
    : created_(missing_folders(folder)), path_(folder / ".lock") {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError("cannot create folder '" + folder.string() + "': " + error.message() + "; check --out");
  try {
    lock(folder);
  } catch (...) {
    remove_created();
    throw;
  }
}

void SessionLock::lock(const std::filesystem::path& folder) {
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor_ < 0 && errno == ELOOP)
    throw StoreError("'" + path_.string() +
                     "' is a symbolic link, and ltlab follows none within a run: delete it");
  if (descriptor_ < 0)
    throw IoError("cannot write '" + path_.string() + "': " + std::strerror(errno) + "; check --out");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 && is_at(descriptor_, path_)) return;
  const int error = errno;
  ::close(descriptor_);
  if (error != EWOULDBLOCK && error != ENOENT && error != 0)
    throw IoError("cannot lock '" + path_.string() + "': " + std::strerror(error));
  throw ConfigError("another process searches into '" + folder.string() +
                    "': wait for it, stop it, or give another --out");
}

SessionLock::~SessionLock() {
  ::unlink(path_.c_str());
  ::flock(descriptor_, LOCK_UN);  // see hdf5::FileChecker
  ::close(descriptor_);
  remove_created();
}

void SessionLock::remove_created() const {
  std::error_code not_empty;
  for (const std::filesystem::path& folder : created_) std::filesystem::remove(folder, not_empty);
}

}  // namespace ltlab
