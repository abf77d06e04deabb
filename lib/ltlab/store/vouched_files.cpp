#include "ltlab/store/vouched_files.h"

#include <sys/stat.h>

#include <mutex>
#include <set>

namespace ltlab {
namespace {

// The files that this process vouches for, for all its threads.
struct Vouched {
  std::mutex mutex;
  std::set<FileStamp::Figures> stamps;
};

Vouched& vouched_files() {
  static Vouched files;
  return files;
}

}  // namespace

FileStamp::FileStamp(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) < 0) return;
  figures_ = {static_cast<std::int64_t>(found.st_dev), static_cast<std::int64_t>(found.st_ino), found.st_size,
              found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

bool FileStamp::vouched() const {
  Vouched& files = vouched_files();
  const std::lock_guard<std::mutex> held(files.mutex);
  return figures_ && files.stamps.contains(*figures_);
}

void FileStamp::vouch() const {
  if (!figures_) return;
  Vouched& files = vouched_files();
  const std::lock_guard<std::mutex> held(files.mutex);
  files.stamps.insert(*figures_);
}

}  // namespace ltlab
