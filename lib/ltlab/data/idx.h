#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ltlab/data/dataset.h"

namespace ltlab {

/// The IDX format of MNIST (http://yann.lecun.com/exdb/mnist/): big-endian 32-bit words, a magic number and
/// the extents, then unsigned bytes. `name` is the file's, for messages. All throw DataError, naming the
/// file, for a wrong magic number, extents of zero, and bytes missing or left over.

/// Reads magic 0x00000803 and (images, height, width), then the pixels. The labels of the result are empty.
ImageSet parse_idx_images(std::span<const std::uint8_t> bytes, const std::string& name);

/// Reads magic 0x00000801 and (labels), then the labels; DataError for a label not below `classes`.
std::vector<std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> bytes, std::size_t classes,
                                           const std::string& name);

/// Reads images and labels from two files, plain or gzip'd; DataError also where their numbers differ.
ImageSet read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                  std::size_t classes);

}  // namespace ltlab
