#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"
#include "ltlab/kernels/sparse_products.h"

namespace ltlab {

/// Returns the border that x needs in a forward pass, and dy in backward-data, so that no edge is special.
std::size_t input_border(const ConvolutionShape& shape);
std::size_t gradient_border(const ConvolutionShape& shape);

/// The three products of training a convolution of which only some weights survive, directly on activations:
/// one survivor is one multiply-add over a run of output positions of all images of a panel. Nothing is
/// copied to columns (im2col). The weights of a forward product and the gradients lie in row-major order of
/// the survivors; backward-data takes them in the order of transposed_order().
class SparseConvolution {
 public:
  /// `keep`: 0/1 mask in the order of shape.weights(). x and dy will have these borders, at least
  /// input_border() and gradient_border() wide (ConfigError otherwise).
  SparseConvolution(const ConvolutionShape& shape, std::span<const std::uint8_t> keep, std::size_t x_border,
                    std::size_t dy_border);

  std::size_t survivors() const { return forward_.survivors(); }
  /// Survivor k of the transposed order is survivor transposed_order()[k] of the row-major one. Survivors
  /// that meet only padding, as the corners of a 3x3 kernel do on images of one pixel, are left out.
  const std::vector<std::uint32_t>& transposed_order() const { return transposed_order_; }

  /// Computes y = f(w * x + b); `bias` (one a channel) may be null.
  template <class T>
  void forward(const T* values, const T* bias, Activation activation, const Activations<T>& x,
               Activations<T>& y) const;
  /// Computes dx, the gradient of x; `transposed_values` in transposed order. If `rectified` is not null, it
  /// is x, the output of a ReLU, and dx becomes the gradient of that ReLU's input: 0 where x is not positive.
  template <class T>
  void backward_data(const T* transposed_values, const Activations<T>& dy, const Activations<T>* rectified,
                     Activations<T>& dx) const;
  /// Computes gradient[k] = (accumulate ? gradient[k] : 0) + that of survivor k, summed over the batch.
  /// Padding lanes of dy must be zero.
  template <class T>
  void backward_weights(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                        T* gradient) const;

 private:
  // Every stride-th row and column of dx, from (y, x) on, sees the same kernel positions.
  struct Phase {
    std::size_t y, x;
    std::size_t first;  // the first of its survivors in transposed order
    SparseRows rows;
  };
  void add_phase(std::span<const std::uint8_t> keep, const std::vector<std::uint32_t>& number, std::size_t y,
                 std::size_t x);

  ConvolutionShape shape_;
  ActivationShape x_, dy_;  // one image of one lane
  SparseRows forward_;      // one row for each output channel
  std::vector<Phase> phases_;
  std::vector<std::uint32_t> transposed_order_;
};

}  // namespace ltlab
