#include "ltlab/store/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/folder_entries.h"
#include "ltlab/base/text.h"

namespace ltlab {
namespace {

constexpr auto kTemporary = ".tmp";

// Repeats a system call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// A file under its temporary name; removed unless it was put in place.
class TemporaryFile {
 public:
  TemporaryFile(const std::filesystem::path& path, std::filesystem::path target)
      : path_(path), target_(std::move(target)) {
    descriptor_ = retry([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    if (descriptor_ < 0) fail(std::strerror(errno));
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!renamed_) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto written = retry([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
      if (written < 0) fail(std::strerror(errno));
      if (written == 0) fail("the system takes no more bytes");
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (retry([&] { return ::fsync(descriptor_); }) < 0) fail(std::strerror(errno));
    if (::close(std::exchange(descriptor_, -1)) < 0) fail(std::strerror(errno));
  }

  void compare(std::span<const std::byte> bytes) const {
    std::ifstream file(path_, std::ios::binary);
    std::vector<char> piece(std::size_t{1} << 16);
    while (file && !bytes.empty()) {
      const std::size_t size = std::min(piece.size(), bytes.size());
      file.read(piece.data(), static_cast<std::streamsize>(size));
      if (file && std::memcmp(piece.data(), bytes.data(), size) != 0) break;
      if (file) bytes = bytes.subspan(size);
    }
    if (!file || !bytes.empty() || file.peek() != std::ifstream::traits_type::eof())
      fail("the disk gives back other bytes than it was given");
  }

  void check(const CheckWritten& check) const {
    try {
      check(path_);
    } catch (const Error& error) {
      fail(std::string("read back, it is not what was meant (") + error.what() + ")");
    }
  }

  void put_in_place() {
    if (::rename(path_.c_str(), target_.c_str()) < 0) {
      if (errno == EISDIR) refuse_folder(target_);
      fail(std::strerror(errno));
    }
    renamed_ = true;
  }

 private:
  [[noreturn]] void fail(const std::string& reason) const {
    throw IoError("cannot write '" + target_.string() + "': " + reason +
                  "; what was stored before is untouched. Make room, or choose another folder");
  }

  std::filesystem::path path_, target_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

// Only the owner of the lock writes, so any temporary found here has no owner any more.
void remove_leftovers(const FolderLock& lock, const std::string& name) {
  for (const auto& [file, type] : folder_entries(lock.folder())) {
    if (file.starts_with(name + ".") && is_temporary(file)) ::unlink((lock.folder() / file).c_str());
  }
}

std::string temporary_name(const std::string& name) {
  std::random_device random;
  TextStream text;
  text << name << '.' << std::hex << random() << random() << kTemporary;
  return text.str();
}

// A writer holds the lock for as long as one file takes. Returns false, with errno, if it cannot be had.
bool lock_in_time(int descriptor, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{5};
  const auto end = std::chrono::steady_clock::now() + patience;
  while (retry([&] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) < 0) {
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace

FolderLock::FolderLock(std::filesystem::path folder, std::chrono::milliseconds patience)
    : folder_(std::move(folder)),
      descriptor_(retry([&] { return ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })) {
  if (descriptor_.get() < 0) {
    throw IoError("cannot open folder '" + folder_.string() + "': " + std::strerror(errno) + "; check --out");
  }
  exclusive_ = lock_in_time(descriptor_.get(), patience);
  if (exclusive_ || errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK) return;
  const std::string reason =
      errno == EWOULDBLOCK
          ? "another process keeps it locked (which one, `fuser` tells); end it, then try again"
          : std::strerror(errno);
  throw IoError("cannot lock folder '" + folder_.string() + "': " + reason);
}

FolderLock::~FolderLock() {
  if (exclusive_) ::flock(descriptor_.get(), LOCK_UN);  // see hdf5::FileChecker
}

void FolderLock::sync() const {
  // EINVAL: a file system that syncs by itself.
  if (retry([&] { return ::fsync(descriptor_.get()); }) < 0 && errno != EINVAL) {
    throw IoError("cannot bring folder '" + folder_.string() + "' to disk: " + std::strerror(errno));
  }
}

void refuse_folder(const std::filesystem::path& path) {
  throw StoreError("'" + path.string() + "' is a folder, where a file of the run belongs: move it away");
}

bool is_temporary(const std::filesystem::path& file) {
  return file.extension() == kTemporary;
}

void write_atomically(const FolderLock& lock, const std::string& name, std::span<const std::byte> bytes,
                      const CheckWritten& check) {
  if (lock.exclusive()) remove_leftovers(lock, name);
  TemporaryFile file(lock.folder() / temporary_name(name), lock.folder() / name);
  file.write(bytes);
  file.compare(bytes);
  if (check) file.check(check);
  file.put_in_place();
  lock.sync();
}

}  // namespace ltlab
