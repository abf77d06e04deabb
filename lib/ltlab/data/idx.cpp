#include "ltlab/data/idx.h"

#include <array>

#include "ltlab/base/error.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& fault) {
  throw DataError("'" + name + "' " + fault + ": fetch or copy it again");
}

std::uint32_t big_endian(std::span<const std::uint8_t> bytes, std::size_t word) {
  const std::uint8_t* const p = bytes.data() + 4 * word;
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 |
         std::uint32_t{p[3]};
}

std::string hex(std::uint32_t value) {
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

// Checks magic number and size, and returns the extents.
template <std::size_t kRank>
std::array<std::uint32_t, kRank> parse_header(std::span<const std::uint8_t> bytes, const std::string& name) {
  constexpr std::uint32_t kMagic = 0x800 + kRank;  // 08: unsigned bytes
  constexpr std::size_t kHeader = 4 * (1 + kRank);
  if (bytes.size() < kHeader)
    refuse(name, "is truncated: " + std::to_string(bytes.size()) + " bytes, less than an IDX header");
  if (big_endian(bytes, 0) != kMagic)
    refuse(name, "begins with " + hex(big_endian(bytes, 0)) + ", not with the magic number " + hex(kMagic) +
                     (kRank == 3 ? " of IDX images" : " of IDX labels"));
  std::array<std::uint32_t, kRank> extents{};
  // The product is checked factor by factor, so that a forged header cannot overflow it.
  const std::size_t actual = bytes.size() - kHeader;
  std::size_t stated = 1;
  for (std::size_t i = 0; i < kRank; ++i) {
    extents[i] = big_endian(bytes, 1 + i);
    if (extents[i] == 0) refuse(name, "states an extent of 0 in its header");
    if (stated > actual / extents[i])
      refuse(name, "is truncated: its header states more data than the " + std::to_string(actual) +
                       " bytes that follow");
    stated *= extents[i];
  }
  if (stated != actual)
    refuse(name, "has the wrong size: its header states " + std::to_string(stated) + " bytes of data, but " +
                     std::to_string(actual) + " follow");
  return extents;
}

}  // namespace

ImageSet parse_idx_images(std::span<const std::uint8_t> bytes, const std::string& name) {
  const auto extents = parse_header<3>(bytes, name);
  ImageSet images;
  images.shape = {1, extents[1], extents[2]};
  images.pixels.emplace<AlignedVector<std::uint8_t>>(bytes.begin() + 16, bytes.end());
  return images;
}

std::vector<std::uint8_t> parse_idx_labels(std::span<const std::uint8_t> bytes, std::size_t classes,
                                           const std::string& name) {
  parse_header<1>(bytes, name);
  std::vector<std::uint8_t> labels(bytes.begin() + 8, bytes.end());
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] >= classes)
      refuse(name, "has label " + std::to_string(labels[i]) + " at position " + std::to_string(i) +
                       ", but only " + std::to_string(classes) + " classes exist");
  return labels;
}

ImageSet read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                  std::size_t classes) {
  ImageSet set = parse_idx_images(read_whole_file(images), images.string());
  set.labels = parse_idx_labels(read_whole_file(labels), classes, labels.string());
  const std::size_t count = std::get<AlignedVector<std::uint8_t>>(set.pixels).size() / set.shape.features();
  if (count != set.labels.size())
    throw DataError("'" + images.string() + "' has " + std::to_string(count) + " images, but '" +
                    labels.string() + "' has " + std::to_string(set.labels.size()) +
                    " labels: they are not of one set");
  return set;
}

}  // namespace ltlab
