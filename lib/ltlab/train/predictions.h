#pragma once

#include <cstdint>
#include <vector>

namespace ltlab {

/// What a network says of each image of a set, in its order.
struct Predictions {
  std::vector<std::uint8_t> classes;  ///< the likeliest
  std::vector<float> probabilities;   ///< of that class, by softmax
  bool operator==(const Predictions&) const = default;
};

}  // namespace ltlab
