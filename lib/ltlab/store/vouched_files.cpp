#include "ltlab/store/vouched_files.h"

#include <sys/stat.h>

#include <mutex>
#include <set>

namespace ltlab {
namespace {

std::mutex mutex;
std::set<FileStamp::Figures> stamps;  // of the files that this process vouches for; guarded by the mutex

}  // namespace

FileStamp::FileStamp(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) < 0) return;
  figures_ = {static_cast<std::int64_t>(found.st_dev), static_cast<std::int64_t>(found.st_ino), found.st_size,
              found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
}

bool FileStamp::vouched() const {
  const std::lock_guard<std::mutex> held(mutex);
  return figures_ && stamps.contains(*figures_);
}

void FileStamp::vouch() const {
  if (!figures_) return;
  const std::lock_guard<std::mutex> held(mutex);
  stamps.insert(*figures_);
}

}  // namespace ltlab
