#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab::app {

/// Returns bytes as a page holds them: a zlib stream, which browsers inflate, in base64.
std::string packed(std::span<const std::uint8_t> bytes);

/// One layer's masks and weights at every level, small enough for a page. Its packed content, level by level
/// in the order of add(), is:
/// - masks: one bit per weight, row-major, the first in a byte's highest bit, each level starting a new byte;
///   only changes are set, against the level before, and at first against the whole layer. Few bits change,
///   so they pack well: 19 levels of 300 x 784 weights take 0.2 MB.
/// - weights: one signed byte per survivor, row-major: sign(w) * n, where (n / 15)^2 is nearest to |w| over
///   the level's greatest, and n is at least 1. An image can show 31 steps; they pack to half a byte.
class LayerImages {
 public:
  /// Adds the next level's mask, all of one shape, and its trained weights.
  void add(const Mask& mask, const Tensor& weights);

  std::string packed_masks() const { return packed(changes_); }
  /// {"scales": the greatest |w| of each level, "codes": the packed bytes}
  nlohmann::ordered_json packed_weights() const;

 private:
  std::vector<std::uint8_t> keep_;  // of the level before; empty before the first
  std::vector<std::uint8_t> changes_, codes_;
  std::vector<float> scales_;
};

}  // namespace ltlab::app
