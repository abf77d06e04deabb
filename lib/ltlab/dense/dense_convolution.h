#pragma once

#include <memory>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"
#include "ltlab/kernels/activation.h"

namespace ltlab {

/// The three products of training a dense convolution with weights W [outputs][channels][height][width].
/// Single-threaded: a process runs one worker a core, each with objects of its own. float by oneDNN; double,
/// which only tests use, by plain loops.
///
/// Each product stands alone: none depends on what another was called with before. Activations have
/// kLaneMultiple lanes and any border; borders are neither read nor written. Float activations may also come
/// in blocks of channels (in_channel_blocks() with dense_channel_block(), independently for x and y), which
/// saves their conversion. The first call for a batch of another size prepares oneDNN's code and buffers, and
/// later ones reuse them.
///
/// Every member throws ConfigError where the extents of the activations are not those of the convolution,
/// their batches differ or their lanes are not kLaneMultiple, and NumericError where oneDNN fails.
template <class T>
class DenseConvolution {
 public:
  explicit DenseConvolution(const ConvolutionShape& shape);
  ~DenseConvolution();

  /// Computes Y = f(W * X + b), one bias an output channel; `bias` may be null. Padding lanes of Y are finite
  /// where those of X are.
  void forward(const T* weights, const T* bias, Activation activation, const Activations<T>& x,
               Activations<T>& y);

  /// Computes dX, the gradient of X, from dY. Padding lanes of dY must be zero; those of dX become zero.
  void backward_data(const T* weights, const Activations<T>& dy, Activations<T>& dx);

  /// Computes gradient = (accumulate ? gradient : 0) + that of W, summed over the batch. Padding lanes of dY
  /// must be zero.
  void backward_weights(const Activations<T>& dy, const Activations<T>& x, bool accumulate, T* gradient);

 private:
  struct Implementation;
  void check(const Activations<T>& x, const Activations<T>& y) const;

  ConvolutionShape shape_;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace ltlab
