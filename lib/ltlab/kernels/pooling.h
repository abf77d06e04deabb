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

  /// Returns the extent of the outputs. Throws ConfigError if the window is empty or larger than the input,
  /// or the stride 0.
  ImageShape output(const ImageShape& input) const;
};

/// Returns one window, the whole channel: average_pool is then global average pooling (Lin et al. 2014,
/// "Network in network", section 3.2).
Pooling whole_image(const ImageShape& image);

/// Below, y.image() = pooling.output(x.image()), x and dx have the same image, as have y and dy, and batch
/// and lanes agree; borders may differ. Only interiors are read and written. T is float or double.

/// Computes y = f(the largest value of each window), none of which may be NaN. A ReLU after the pooling gives
/// the same as one before it, for a fraction of the cost.
template <class T>
void max_pool(const Pooling& pooling, Activation activation, const Activations<T>& x, Activations<T>& y);

/// Computes dx of max_pool: each dy goes to the largest input of its window, the first in row-major order
/// where several tie (as PyTorch does); dx is 0 elsewhere. If there is a ReLU, dy is the gradient of its
/// input: 0 where y is not positive. Needs no indices from max_pool, only its x and y.
template <class T>
void max_pool_gradient(const Pooling& pooling, const Activations<T>& x, const Activations<T>& y,
                       const Activations<T>& dy, Activations<T>& dx);

/// Computes y = the mean of each window.
template <class T>
void average_pool(const Pooling& pooling, const Activations<T>& x, Activations<T>& y);

/// Computes dx of average_pool: each input's sum, over the windows that cover it, of dy / (window_height
/// window_width).
template <class T>
void average_pool_gradient(const Pooling& pooling, const Activations<T>& dy, Activations<T>& dx);

}  // namespace ltlab
