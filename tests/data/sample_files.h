#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ltlab::test {

using Bytes = std::vector<std::uint8_t>;

/// An IDX file of images, pixel i being (7 i + seed) mod 256.
Bytes idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width, unsigned seed = 0);
/// An IDX file of labels 0, 1, ..., classes-1, 0, 1, ...
Bytes idx_labels(std::uint32_t count, unsigned classes = 10);
/// CIFAR-10 records with labels 0, 1, ..., 9, 0, ...
Bytes cifar10_records(std::size_t count);

Bytes gzipped(const Bytes& bytes);
/// A ustar archive of one file for each (path, content).
Bytes tar(const std::vector<std::pair<std::string, Bytes>>& members);

void save(const Bytes& bytes, const std::filesystem::path& path);
Bytes load(const std::filesystem::path& path);

/// Runs `action` and returns the message of the `Fault` it must throw.
template <class Fault, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const Fault& fault) {
    return fault.what();
  }
  return "(nothing thrown)";
}

}  // namespace ltlab::test
