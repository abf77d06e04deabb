#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ltlab {

/// Two clusters become one. Clusters 0, ..., size-1 are the items; merge m makes cluster size + m.
struct Merge {
  std::size_t first = 0, second = 0;  ///< first < second
  double distance = 0;                ///< mean over all pairs of an item of one and an item of the other
  std::size_t items = 0;              ///< in the new cluster
};

/// Clusters by average linkage (UPGMA, Sokal & Michener 1958): merges the two nearest clusters until one is
/// left. `distances` is a symmetric matrix of `size` rows. At equal distances, older clusters merge first.
std::vector<Merge> average_linkage(std::span<const double> distances, std::size_t size);

}  // namespace ltlab
