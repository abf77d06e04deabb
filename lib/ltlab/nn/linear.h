#pragma once

#include "ltlab/kernels/sparse_linear.h"
#include "ltlab/nn/weighted_layer.h"

namespace ltlab {

/// A linear layer, y = f(W x + b), with W [outputs x inputs] and x flattened channel by channel.
template <class T>
class Linear final : public WeightedLayer<T> {
 public:
  Linear(const std::string& name, const ImageShape& input, std::size_t outputs, Activation activation,
         bool output_layer);

  ImageShape input() const override { return input_; }
  ImageShape output() const override { return {outputs_, 1, 1}; }

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

  // Calls multiply(result) for a result without border. Convolutions want borders around what they read: the
  // one above around y, the one below around dx.
  template <class Multiply>
  void without_border(Activations<T>& result, const Multiply& multiply);

  ImageShape input_;
  std::size_t outputs_;
  SparseMatrix structure_;  // of the survivors
  Activations<T> flat_;     // a result without border
};

}  // namespace ltlab
