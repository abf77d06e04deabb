#pragma once

#include <cstddef>

#include "ltlab/base/image_shape.h"
#include "ltlab/base/tensor.h"

namespace ltlab {

/// Extents of a two-dimensional convolution (cross-correlation, as in PyTorch):
/// y[o][i][j] = sum over c, a, b of w[o][c][a][b] x[c][i * stride + a - padding][j * stride + b - padding],
/// where x is 0 outside its extent. Weights are [outputs][input.channels][kernel_height][kernel_width].
struct ConvolutionShape {
  ImageShape input;
  std::size_t outputs = 0;  ///< channels
  std::size_t kernel_height = 3, kernel_width = 3;
  std::size_t stride = 1, padding = 0;

  /// Extent of the output. The kernel must fit the padded input.
  ImageShape output() const {
    return {outputs, (input.height + 2 * padding - kernel_height) / stride + 1,
            (input.width + 2 * padding - kernel_width) / stride + 1};
  }
  Shape weights() const { return {outputs, input.channels, kernel_height, kernel_width}; }
  bool operator==(const ConvolutionShape&) const = default;
};

}  // namespace ltlab
