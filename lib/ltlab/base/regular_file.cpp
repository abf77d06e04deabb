#include "ltlab/base/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& reason) {
  throw IoError("cannot read '" + path.string() + "': " + reason);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FileDescriptor open_regular_file(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 && (errno == ENXIO || errno == ENODEV))
    throw DataError("'" + path.string() + "' is no file, but a socket or device");
  if (file.get() < 0 || ::fstat(file.get(), &status) < 0) fail(path, std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(path, "it is a folder");
  if (!S_ISREG(status.st_mode)) throw DataError("'" + path.string() + "' is no file, but a pipe or device");
  return file;
}

std::size_t read_some(const FileDescriptor& file, const std::filesystem::path& path, void* bytes,
                      std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const auto count = ::read(file.get(), static_cast<char*>(bytes) + done, size - done);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
  return done;
}

std::string read_text(const std::filesystem::path& path, std::uintmax_t longest) {
  const FileDescriptor file = open_regular_file(path);
  struct stat status {};
  if (::fstat(file.get(), &status) < 0) fail(path, std::strerror(errno));
  const auto size = static_cast<std::uintmax_t>(status.st_size);
  if (size > longest)
    throw DataError("'" + path.string() + "' is too long for what it should be: it has " +
                    std::to_string(size) + " bytes");
  std::string text(size, '\0');
  text.resize(read_some(file, path, text.data(), text.size()));
  return text;
}

}  // namespace ltlab
