#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct gzFile_s;

namespace ltlab {

/// Reads a file front to back, unpacking it where it is gzip'd. Which it is shows in the first bytes, not in
/// the name.
class GzipReader {
 public:
  /// IoError where the file cannot be opened, DataError where it is no regular one.
  explicit GzipReader(const std::filesystem::path& path);

  /// Reads up to `size` bytes; less only at the end of the file, where it is 0 from then on.
  /// IoError where the disk fails, DataError where the gzip stream is truncated or its checksum is wrong.
  std::size_t read(void* bytes, std::size_t size);

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;
};

/// The whole content of a plain or gzip'd file. Errors of GzipReader, and DataError where it exceeds 1 GiB,
/// more than any data set read this way.
std::vector<std::uint8_t> read_whole_file(const std::filesystem::path& path);

}  // namespace ltlab
