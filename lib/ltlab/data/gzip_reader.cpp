#include "ltlab/data/gzip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "ltlab/base/error.h"
#include "ltlab/base/regular_file.h"

namespace ltlab {

void GzipReader::Close::operator()(gzFile_s* file) const {
  gzclose_r(file);
}

GzipReader::GzipReader(const std::filesystem::path& path) : name_(path.string()) {
  FileDescriptor file = open_regular_file(path);
  file_.reset(gzdopen(file.get(), "rb"));
  if (!file_) throw std::bad_alloc();
  file.release();
  gzbuffer(file_.get(), 1 << 17);
}

std::size_t GzipReader::read(void* bytes, std::size_t size) {
  errno = 0;
  const int count = gzread(file_.get(), bytes, static_cast<unsigned>(std::min<std::size_t>(size, 1u << 30)));
  // A truncated stream appears as a short read without an end of stream, which zlib only reports when asked.
  int status = Z_OK;
  const char* const what = gzerror(file_.get(), &status);
  if (status == Z_ERRNO) throw IoError("cannot read '" + name_ + "': " + std::strerror(errno));
  if (status == Z_BUF_ERROR)
    throw DataError("'" + name_ + "' is a truncated gzip file: fetch or copy it again");
  if (count < 0 || (status != Z_OK && status != Z_STREAM_END))
    throw DataError("'" + name_ + "' is a damaged gzip file (" + what + "): fetch or copy it again");
  return static_cast<std::size_t>(count);
}

std::vector<std::uint8_t> read_whole_file(const std::filesystem::path& path) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  GzipReader reader(path);
  std::vector<std::uint8_t> content;
  std::size_t size = 0;
  while (true) {
    content.resize(std::max<std::size_t>(1 << 16, 2 * size));
    const std::size_t asked = content.size() - size;
    const std::size_t count = reader.read(content.data() + size, asked);
    size += count;
    if (size > kMost)
      throw DataError("'" + path.string() + "' holds more than 1 GiB: this is no data set that ltlab knows");
    if (count < asked) break;
  }
  content.resize(size);
  return content;
}

}  // namespace ltlab
