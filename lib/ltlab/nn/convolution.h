#pragma once

#include <optional>

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
              bool has_bias = true);

  ImageShape input() const override { return shape_.input; }
  ImageShape output() const override { return shape_.output(); }
  bool narrow_panels() const override { return true; }
  std::size_t input_border() const override { return ltlab::input_border(shape_); }
  std::size_t gradient_border() const override { return ltlab::gradient_border(shape_); }
  ChannelBlocks channel_blocks() const override;

 private:
  const std::vector<std::uint32_t>& build_structure(std::span<const std::uint8_t> keep) override;
  void multiply_dense(const T* weights, const Activations<T>& x, Activations<T>& y) override;
  void multiply_sparse(const T* survivors, const Activations<T>& x, Activations<T>& y) override;
  void multiply_transposed_dense(const T* weights, const Activations<T>& dy, Activations<T>& dx) override;
  void multiply_transposed_sparse(const T* transposed, const Activations<T>& dy,
                                  const Activations<T>* rectified, Activations<T>& dx) override;
  void weight_gradient_dense(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                             T* gradient) override;
  void weight_gradient_sparse(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                              T* gradient) override;

  ConvolutionShape shape_;
  DenseConvolution<T> dense_;
  std::optional<SparseConvolution> sparse_;  // once there is a mask
};

}  // namespace ltlab
