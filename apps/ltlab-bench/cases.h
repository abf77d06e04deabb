#pragma once

#include <memory>
#include <vector>

#include "comparison.h"

namespace ltlab::bench {

/// The comparisons of each kind of layer. `quick` leaves out most shapes, batches and densities.
std::vector<Case> linear_cases(bool quick);
std::vector<Case> convolution_cases(bool quick);
/// The same beside SparseProp's kernels, not dense ones; only where CMake was given a checkout of it.
std::vector<Case> sparseprop_cases();

/// Returns the shape of a linear layer.
inline LayerShape linear(std::size_t outputs, std::size_t inputs, std::size_t batch, double density) {
  return {{{inputs, 1, 1}, outputs, 1, 1}, batch, density};
}

/// Returns the shape of a convolution of square images by kernels of 3 x 3, which keeps extents and channels.
inline LayerShape convolution(std::size_t channels, std::size_t size, std::size_t batch, double density) {
  return {{{channels, size, size}, channels, 3, 3, 1, 1}, batch, density};
}

/// Makes a layer's Operands, which have parts(), and compares by them.
template <class Operands>
Comparison compare_layer(const LayerShape& shape) {
  const auto operands = std::make_shared<Operands>(shape);
  return {operands->parts(), operands};
}

}  // namespace ltlab::bench
