#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ltlab/hdf5/group.h"

namespace ltlab::hdf5 {

/// An open HDF5 file, which is also its root group.
///
/// Files are written as an image in memory, and the caller puts the image's bytes on disk. Plain writes then
/// meet a full disk and can be undone. The library never meets one: it cannot even close a file that it could
/// not flush. The format is that of HDF5 1.10, whose metadata carry checksums, without timestamps: the same
/// content gives the same bytes.
class File : public Group {
 public:
  File(File&&) = default;
  File& operator=(File&&) = delete;  // it would part an open file from its image

  /// Opens a file for reading. IoError: the system refuses; DataError: it is no regular file; StoreError: it
  /// is not an HDF5 file, or it is truncated.
  static File open(const std::filesystem::path& path);

  /// Returns an empty file in memory; `name` is for messages.
  static File create_image(const std::filesystem::path& name);
  /// Returns a copy of a file in memory, to be changed. Errors as for open().
  static File open_image(const std::filesystem::path& path);
  /// The length of the file.
  std::size_t bytes() const;

  /// Closes a file made by create_image() or open_image(), and all its groups and datasets, and returns its
  /// bytes. IoError where memory runs out; there is no file then.
  std::vector<std::byte> close_image();

 private:
  struct Image;
  /// An open file, and the place for the bytes of one in memory when it is closed: the file is closed first.
  struct Opened {
    std::shared_ptr<Image> image;
    Handle file;
  };

  File(Opened opened, const std::filesystem::path& name);
  static Handle image_access(Image& image);

  Opened opened_;
};

/// Returns the version of the HDF5 library in use: "1.10.8".
std::string library_version();

/// Returns all bytes of a file. IoError: the system refuses; DataError: it is no regular file.
std::vector<std::byte> read_bytes(const std::filesystem::path& path);

}  // namespace ltlab::hdf5
