#pragma once

#include "ltlab/dense/dense_linear.h"
#include "ltlab/kernels/elementwise.h"
#include "ltlab/kernels/sparse_linear.h"
#include "ltlab/nn/weighted_layer.h"

namespace ltlab {

/// A linear layer, y = f(W x + b), with W [outputs x inputs] and x flattened channel by channel.
template <class T>
class Linear final : public WeightedLayer<T> {
 public:
  Linear(const std::string& name, const ImageShape& input, std::size_t outputs, Activation activation,
         bool output_layer)
      : WeightedLayer<T>(name, input, {outputs, 1, 1}, {outputs, input.features()}, activation,
                         output_layer) {}

 private:
  const std::vector<std::uint32_t>& build_structure(std::span<const std::uint8_t> keep) override {
    structure_ = make_sparse_matrix(keep, this->output().channels, this->input().features());
    return structure_.row_order;
  }
  void multiply(Kernel kernel, const T* weights, const Activations<T>& x, Activations<T>& y) override {
    without_border(y, [&](Activations<T>& flat) {
      if (kernel == Kernel::dense) return dense_multiply(weights, x, flat);
      sparse_multiply(structure_.by_row, weights, this->bias(), this->activation(), x, flat);
    });
    if (kernel == Kernel::dense) add_bias_and_activate(this->bias(), this->activation(), y);
  }
  void multiply_transposed(Kernel kernel, const T* weights, const Activations<T>& dy,
                           const Activations<T>* rectified, Activations<T>& dx) override {
    without_border(dx, [&](Activations<T>& flat) {
      if (kernel == Kernel::dense) return dense_multiply_transposed(weights, dy, flat);
      sparse_multiply_transposed(structure_.by_column, weights, dy, rectified, flat);
    });
  }
  void weight_gradient(Kernel kernel, const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                       T* gradient) override {
    if (kernel == Kernel::dense) return dense_weight_gradient(dy, x, accumulate, gradient);
    sparse_weight_gradient(structure_.by_row, dy, x, accumulate, gradient);
  }

  // Calls multiply(result) for a result without border. Convolutions want borders around what they read: the
  // one above around y, the one below around dx.
  template <class Multiply>
  void without_border(Activations<T>& result, const Multiply& multiply) {
    const ActivationShape& shape = result.shape();
    if (shape.border == 0) return multiply(result);
    flat_.reshape({shape.image, shape.batch, shape.lanes, 0});
    multiply(flat_);
    copy_interior(flat_, result);
  }

  SparseMatrix structure_;  // of the survivors
  Activations<T> flat_;     // a result without border
};

}  // namespace ltlab
