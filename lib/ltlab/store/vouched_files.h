#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace ltlab {

/// A file as it was at one moment. What another program writes afterwards gives it another stamp, so that it
/// is looked at anew. Two writes within one tick of the file system's clock (some milliseconds) may share
/// one.
class FileStamp {
 public:
  /// Device, number, bytes, and when its content last changed, in seconds and nanoseconds: a new name changes
  /// none of them.
  using Figures = std::array<std::int64_t, 5>;

  explicit FileStamp(const std::filesystem::path& path);

  /// Whether this process knows that the file is safe to read.
  bool vouched() const;
  void vouch() const;

 private:
  std::optional<Figures> figures_;  // none where the system does not tell them
};

}  // namespace ltlab
