#pragma once

#include <cstddef>
#include <string>

namespace ltlab {

/// Extent of one image at some point of a network; a flat feature vector is {features, 1, 1} or {1, 1,
/// features}.
struct ImageShape {
  std::size_t channels = 0, height = 1, width = 1;
  std::size_t features() const { return channels * height * width; }
  bool operator==(const ImageShape&) const = default;
};

/// "3 x 32 x 32"
inline std::string to_string(const ImageShape& shape) {
  return std::to_string(shape.channels) + " x " + std::to_string(shape.height) + " x " +
         std::to_string(shape.width);
}

}  // namespace ltlab
