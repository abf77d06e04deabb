#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace ltlab {

/// Owns an open descriptor of the system.
class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(other.release()) {}
  ~FileDescriptor();

  int get() const { return descriptor_; }
  /// Hands the descriptor over to the caller.
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// Opens a file for reading and follows a symbolic link. IoError: the system refuses, or it is a folder;
/// DataError: it is a pipe, a device or a socket, which might block for ever or never end.
FileDescriptor open_regular_file(const std::filesystem::path& path);

/// Reads up to `size` of the next bytes and returns their number; less only at the end of the file. IoError,
/// naming `path`, where the disk fails.
std::size_t read_some(const FileDescriptor& file, const std::filesystem::path& path, void* bytes,
                      std::size_t size);

/// Ample for what people write.
inline constexpr std::uintmax_t kLongestText = std::uintmax_t{1} << 24;

/// Returns the text of a file. Errors as above; DataError also where it is longer than `longest`.
std::string read_text(const std::filesystem::path& path, std::uintmax_t longest = kLongestText);

}  // namespace ltlab
