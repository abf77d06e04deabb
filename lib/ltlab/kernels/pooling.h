#pragma once

#include <cstddef>

#include "ltlab/base/activations.h"
#include "ltlab/kernels/activation.h"

namespace ltlab {

/// Windows over the positions of each channel, without padding, as torch.nn.MaxPool2d and AvgPool2d: output
/// (i, j) covers the inputs from (i * stride, j * stride) on; inputs that fill no window are left out.
struct Pooling {
  std::size_t window_height = 2, window_width = 2;
  std::size_t stride = 2;

  /// Extent of the outputs. Throws ConfigError if the window is empty, or larger than the input, or the
  /// stride 0.
  ImageShape output(const ImageShape& input) const;
};

/// One window, the whole channel: average_pool is then global average pooling (Lin et al. 2014, "Network in
/// network", section 3.2).
Pooling whole_image(const ImageShape& image);

/// In all of these y.image() = pooling.output(x.image()), x and dx have the same image, y and dy too, and
/// batch and lanes agree; borders may differ. Only interiors are read and written. T is float or double.

/// y = f(the largest value of each window) (no NaN among them). A ReLU after the pooling gives what one
/// before it would, for a fraction of the cost.
template <class T>
void max_pool(const Pooling& pooling, Activation activation, const Activations<T>& x, Activations<T>& y);

/// dx of max_pool: each dy goes to the largest input of its window, the first in row-major order where
/// several tie (as PyTorch does); dx is 0 elsewhere. dy is that of the ReLU's input, where there is one: 0
/// where y is not positive. Needs no indices kept from max_pool, only its x and y.
template <class T>
void max_pool_gradient(const Pooling& pooling, const Activations<T>& x, const Activations<T>& y,
                       const Activations<T>& dy, Activations<T>& dx);

/// y = the mean of each window.
template <class T>
void average_pool(const Pooling& pooling, const Activations<T>& x, Activations<T>& y);

/// dx of average_pool: each input's sum, over the windows that cover it, of dy / (window_height
/// window_width).
template <class T>
void average_pool_gradient(const Pooling& pooling, const Activations<T>& dy, Activations<T>& dx);

}  // namespace ltlab
