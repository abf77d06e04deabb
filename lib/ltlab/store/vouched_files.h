#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace ltlab {

/// A file as it was at one moment. A later write by another program changes the stamp, so that the file is
/// checked anew. Two writes within one tick of the file system's clock (some milliseconds) may share a stamp.
class FileStamp {
 public:
  /// Device, number, bytes, and when its content last changed, in seconds and nanoseconds: renaming changes
  /// none of them.
  using Figures = std::array<std::int64_t, 5>;

  explicit FileStamp(const std::filesystem::path& path);

  /// Returns whether this process knows that the file is safe to read.
  bool vouched() const;
  void vouch() const;

 private:
  std::optional<Figures> figures_;  // none where the system does not provide them
};

}  // namespace ltlab
