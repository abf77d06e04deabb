#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// What chance gives: the common survivors of masks at random places.
struct ChanceOverlap {
  double mean = 0;
  double deviation = 0;
  /// Probability that chance is at least as far from its mean as what was found; 2 min(P(X <= x), P(X >= x)),
  /// at most 1.
  double p_value = 1;
};

/// How two masks of the same shape agree.
struct MaskOverlap {
  std::string name;  ///< of the parameter
  std::size_t size = 0;
  std::size_t survivors_a = 0, survivors_b = 0;
  std::size_t common = 0;  ///< survive in both
  /// Against survivors of these numbers at random places of the layer: hypergeometric. Of a layer exact, of
  /// all layers together by the normal approximation.
  ChanceOverlap by_density;
  /// Against survivors at random outputs while each input, or place in a kernel, keeps its numbers: what is
  /// beyond the inputs that both masks prefer. By the normal approximation.
  ChanceOverlap by_inputs;

  /// |A and B| / |A or B|; 1 where neither has a survivor.
  double jaccard() const { return jaccard_of(static_cast<double>(common)); }
  /// Fraction of the places where they differ.
  double hamming() const;
  /// The Jaccard index of masks of these densities that have `in_common` survivors in common.
  double jaccard_of(double in_common) const;
  /// Deviations between what was found and the mean of `chance`; 0 where chance leaves but one value.
  double z_score(const ChanceOverlap& chance) const;
};

/// Layer by layer, in the order of `a`. StoreError where the masks are not of one network.
std::vector<MaskOverlap> mask_overlap(const std::vector<Mask>& a, const std::vector<Mask>& b);

/// All layers together, under the name "all".
MaskOverlap total_overlap(const std::vector<MaskOverlap>& layers);

/// Of the weights that survive in both masks, the fraction whose signs are the same in `weights_a` and
/// `weights_b`; none where there are none. StoreError where shapes differ.
std::optional<double> common_sign_agreement(const Mask& a, const Tensor& weights_a, const Mask& b,
                                            const Tensor& weights_b);

/// Number of common survivors when `a` and `b` of `size` places survive independently at random: mean,
/// deviation, and the two-sided exact p-value of `common`.
ChanceOverlap hypergeometric_overlap(std::size_t size, std::size_t a, std::size_t b, std::size_t common);

}  // namespace ltlab
