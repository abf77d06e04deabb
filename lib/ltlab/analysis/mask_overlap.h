#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// The overlap by chance: the common survivors of masks at random places.
struct ChanceOverlap {
  double mean = 0;
  double deviation = 0;
  /// The probability that chance lies at least as far from its mean as the result: 2 min(P(X <= x), P(X >=
  /// x)), at most 1.
  double p_value = 1;
};

/// How two masks of the same shape agree.
struct MaskOverlap {
  std::string name;  ///< of the parameter
  std::size_t size = 0;
  std::size_t survivors_a = 0, survivors_b = 0;
  std::size_t common = 0;  ///< survive in both
  /// Chance with these numbers of survivors at random places of the layer: hypergeometric. It is exact for a
  /// layer, and by the normal approximation for all layers together.
  ChanceOverlap by_density;
  /// Chance with survivors at random outputs while each input, or place in a kernel, keeps its number: a
  /// higher overlap goes beyond the inputs that both masks prefer. By the normal approximation.
  ChanceOverlap by_inputs;

  /// |A and B| / |A or B|; 1 where neither has a survivor.
  double jaccard() const { return jaccard_of(static_cast<double>(common)); }
  /// Fraction of the places where they differ.
  double hamming() const;
  /// The Jaccard index of masks of these densities that have `in_common` survivors in common.
  double jaccard_of(double in_common) const;
  /// Returns the result's distance from `chance`'s mean, in deviations; 0 where chance has only one value.
  double z_score(const ChanceOverlap& chance) const;
};

/// Compares layer by layer, in the order of `a`. StoreError where the masks are not of one network.
std::vector<MaskOverlap> mask_overlap(const std::vector<Mask>& a, const std::vector<Mask>& b);

/// Returns the overlap of all layers together, under the name "all".
MaskOverlap total_overlap(const std::vector<MaskOverlap>& layers);

/// Returns the mask of what survives in both of two masks of one shape.
Mask common_mask(Mask a, const Mask& b);

/// Returns the distribution of the number of common survivors when `a` and `b` of `size` places survive
/// independently at random: mean, deviation, and the two-sided exact p-value of `common`.
ChanceOverlap hypergeometric_overlap(std::size_t size, std::size_t a, std::size_t b, std::size_t common);

}  // namespace ltlab
