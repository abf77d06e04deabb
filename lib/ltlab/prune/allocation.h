#pragma once

#include <cstddef>
#include <vector>

#include "ltlab/base/tensor.h"

namespace ltlab {

/// Returns how many weights each layer keeps, so that all together keep about `survivors`, with the same
/// density in each layer. A layer that would keep fewer than `least` keeps that many, or all if it has fewer,
/// and leaves less to the others. All these minimums together are at most `survivors`.
std::vector<std::size_t> keep_uniformly(const std::vector<Shape>& layers, double survivors,
                                        std::size_t least = 0);

/// Does the same by the densities of Erdős–Rényi-Kernel (Evci et al. 2020, arXiv 1911.11134, section 3,
/// "sparsity distribution"): a layer's is proportional to the sum of its extents over their product, (in +
/// out + kh + kw) / (in out kh kw), and one that this would take above 1 stays whole. `least` as above.
std::vector<std::size_t> keep_by_erdos_renyi(const std::vector<Shape>& layers, double survivors,
                                             std::size_t least = 0);

}  // namespace ltlab
