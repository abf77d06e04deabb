#pragma once

#include <array>
#include <string>
#include <vector>

#include "comparison.h"
#include "gemm.h"
#include "ltlab/base/activations.h"

namespace ltlab::bench {

/// Makes the dense libraries compute in the calling thread alone.
void use_one_thread();

/// Returns the same product by oneDNN, OpenBLAS and Eigen; its operands must outlive the sides.
std::vector<Side> gemm_sides(const std::string& variant, const Gemm& gemm);

/// oneDNN's forward, backward-data and backward-weights of a layer. Each operand is laid out as oneDNN
/// prefers, at no cost here, as if the whole network kept to those layouts. The sides hold copies of them.
using OneDnnSides = std::array<Side, 3>;

/// Returns the inner product of row-major matrices: weights [outputs x inputs], x [batch x inputs], dy [batch
/// x outputs].
OneDnnSides onednn_inner_product(const LayerShape& shape, const float* weights, const float* x,
                                 const float* dy);

/// Returns the two-dimensional convolution of arrays [image][channel][y][x]; weights
/// [outputs][channels][height][width].
OneDnnSides onednn_convolution(const LayerShape& shape, const float* weights, const float* x,
                               const float* dy);

}  // namespace ltlab::bench
