#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "comparison.h"
#include "random_operands.h"

namespace ltlab::bench {

/// The comparisons of each kind of layer. `quick` leaves out most shapes, batches and densities.
std::vector<Case> linear_cases(bool quick);
std::vector<Case> convolution_cases(bool quick);
/// The same beside SparseProp's kernels, not dense ones; only where CMake was given a checkout of it.
std::vector<Case> sparseprop_cases();

/// Returns forward, backward-data, backward-weights: the parts to be shown by themselves.
std::vector<std::string> product_names();

/// Makes a layer's Operands, which have parts(), and compares by them.
template <class Operands, class LayerShape>
Comparison compare_layer(const LayerShape& shape) {
  const auto operands = std::make_shared<Operands>(shape);
  return {operands->parts(), operands};
}

/// The cost of refresh_transposed(), on operands that outlive the part.
Part refresh_part(const Matrix& values, const std::vector<std::uint32_t>& order, Matrix& transposed);

}  // namespace ltlab::bench
