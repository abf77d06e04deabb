#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct gzFile_s;

namespace ltlab {

/// Reads a file front to back and unpacks it if it is gzip'd, which its first bytes show and not its name.
class GzipReader {
 public:
  /// IoError where the file cannot be opened, DataError where it is not a regular file.
  explicit GzipReader(const std::filesystem::path& path);

  /// Reads up to `size` bytes; returns fewer only at the end of the file, and then 0. IoError where the disk
  /// fails, DataError where the gzip stream is truncated or its checksum is wrong.
  std::size_t read(void* bytes, std::size_t size);

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };
  std::string name_;
  std::unique_ptr<gzFile_s, Close> file_;
};

/// Returns the whole content of a plain or gzip'd file. Errors as for GzipReader, and DataError where it
/// exceeds 1 GiB, more than any data set read this way.
std::vector<std::uint8_t> read_whole_file(const std::filesystem::path& path);

}  // namespace ltlab
