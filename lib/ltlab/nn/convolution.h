#pragma once

#include <optional>
#include <type_traits>

#include "ltlab/dense/dense_convolution.h"
#include "ltlab/kernels/sparse_convolution.h"
#include "ltlab/nn/weighted_layer.h"

namespace ltlab {

/// A two-dimensional convolution, y = f(W * x + b), with W [outputs][channels][height][width]. Without bias
/// there is no activation either: a batch norm follows.
template <class T>
class Convolution final : public WeightedLayer<T> {
 public:
  Convolution(const std::string& name, const ConvolutionShape& shape, Activation activation,
              bool has_bias = true)
      : WeightedLayer<T>(name, shape.input, shape.output(), shape.weights(), activation, false, has_bias),
        shape_(shape),
        dense_(shape) {}

  bool narrow_panels() const override { return true; }
  std::size_t input_border() const override { return ltlab::input_border(shape_); }
  std::size_t gradient_border() const override { return ltlab::gradient_border(shape_); }
  ChannelBlocks channel_blocks() const override {
    return std::is_same_v<T, float> && this->is_dense() ? ChannelBlocks::converted : ChannelBlocks::refused;
  }

 private:
  const std::vector<std::uint32_t>& build_structure(std::span<const std::uint8_t> keep) override {
    sparse_.emplace(shape_, keep, this->context().input_border, gradient_border());
    return sparse_->transposed_order();
  }
  void multiply(Kernel kernel, const T* weights, const Activations<T>& x, Activations<T>& y) override {
    if (kernel == Kernel::dense) return dense_.forward(weights, this->bias(), this->activation(), x, y);
    sparse_->forward(weights, this->bias(), this->activation(), x, y);
  }
  void multiply_transposed(Kernel kernel, const T* weights, const Activations<T>& dy,
                           const Activations<T>* rectified, Activations<T>& dx) override {
    if (kernel == Kernel::dense) return dense_.backward_data(weights, dy, dx);
    sparse_->backward_data(weights, dy, rectified, dx);
  }
  void weight_gradient(Kernel kernel, const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                       T* gradient) override {
    if (kernel == Kernel::dense) return dense_.backward_weights(dy, x, accumulate, gradient);
    sparse_->backward_weights(dy, x, accumulate, gradient);
  }

  ConvolutionShape shape_;
  DenseConvolution<T> dense_;
  std::optional<SparseConvolution> sparse_;  // once there is a mask
};

}  // namespace ltlab
