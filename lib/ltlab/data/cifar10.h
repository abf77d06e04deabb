#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "ltlab/data/dataset.h"

namespace ltlab {

/// Records in each file of the official CIFAR-10.
inline constexpr std::size_t kCifar10Records = 10000;

/// Appends the records of one file of the binary version of CIFAR-10
/// (https://www.cs.toronto.edu/~kriz/cifar.html). Each is a label byte and 32 x 32 pixels as a red, a green
/// and a blue plane. `images` is empty or was filled by this function. DataError, naming the file, where it
/// does not hold `records` whole records with labels 0, ..., 9.
void append_cifar10(std::span<const std::uint8_t> bytes, std::size_t records, const std::string& name,
                    ImageSet& images);

/// Reads plain or gzip'd files of `records` each, in their order, into one set.
ImageSet read_cifar10(const std::vector<std::filesystem::path>& files, std::size_t records = kCifar10Records);

}  // namespace ltlab
