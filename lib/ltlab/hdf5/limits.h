#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "ltlab/hdf5/dataset.h"

namespace ltlab::hdf5 {

// Limits on what a file may hold, so that a small one cannot take all memory or time. No file that ltlab or a
// sensible program writes comes near. For use inside lib/ltlab/hdf5/ and store/ only.

/// Depth of groups within each other.
inline constexpr std::size_t kMostDepth = 8;
/// Entries of all groups together.
inline constexpr std::size_t kMostEntries = 1'000'000;
/// Bytes of an array, whatever the file's length.
inline constexpr std::size_t kMostArrayBytes = std::size_t{1} << 40;
/// Bytes of an array that the file may omit, because none of its chunks was written, or hold in any number of
/// bytes.
inline constexpr std::size_t kFreeBytes = std::size_t{1} << 16;
/// Bytes of an array for each byte that it takes in the file: deflate packs 1032:1 at best, one bit a byte
/// 8:1.
inline constexpr std::size_t kMostExpansion = std::size_t{8} * 1032;
/// Bytes of a chunk, beyond the array's own.
inline constexpr std::size_t kMostChunkBytes = std::size_t{1} << 28;
/// Rows of a table.
inline constexpr std::size_t kMostRows = 10'000'000;
/// Bytes of an attribute.
inline constexpr std::size_t kMostAttributeBytes = std::size_t{1} << 24;

/// Throws StoreError where a dataset of the file is larger than these limits and its share of the file allow,
/// or keeps its values in another file. `dataset` is HDF5's identifier.
void check_limits(std::int64_t dataset, const Dataset& described);

}  // namespace ltlab::hdf5
