#pragma once

#include <array>

#include "ltlab/kernels/sparse_linear.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// y = f(W x + b), W [outputs x inputs]. Each of its three products runs dense or sparse as chosen.
template <class T>
class Linear : public Layer<T> {
 public:
  Linear(std::string name, std::size_t inputs, std::size_t outputs, Activation activation, bool output_layer);

  std::string name() const override { return name_; }
  std::size_t input_features() const override { return inputs_; }
  std::size_t output_features() const override { return outputs_; }
  std::vector<Parameter<T>*> parameters() override { return {&weight_, &bias_}; }

  void forward(const Activations<T>& x, Activations<T>& y) override;
  void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy,
                Activations<T>* dx) override;

  void apply_mask(const Mask& mask) override;
  std::vector<KernelChoice> choose_kernels(KernelPolicy policy, std::size_t batch, std::size_t lanes,
                                           bool first) override;
  void set_kernel(const KernelChoice& choice) override;
  Flops flops(bool first) const override;

 private:
  Kernel& kernel(Product product) { return kernels_[static_cast<std::size_t>(product)]; }
  Kernel kernel(Product product) const { return kernels_[static_cast<std::size_t>(product)]; }
  // W as one dense array: the parameter itself, or its survivors spread out (after refresh_dense_weights).
  const T* dense_weights() const { return weight_.masked() ? dense_.data() : weight_.values.data(); }
  void refresh_dense_weights();
  void refresh_transposed_values();

  void multiply(Kernel kernel, const Activations<T>& x, Activations<T>& y);
  void multiply_transposed(Kernel kernel, const Activations<T>& dy, Activations<T>& dx);
  void weight_gradient(Kernel kernel, const Activations<T>& dy, const Activations<T>& x);
  // Runs a product with the given kernel, as training does.
  void run(Product product, Kernel kernel, Activations<T>& x, Activations<T>& y);

  std::string name_;
  std::size_t inputs_, outputs_;
  Activation activation_;
  Parameter<T> weight_, bias_;
  std::array<Kernel, 3> kernels_{};  // one a Product
  SparseMatrix structure_;        // of the survivors
  AlignedVector<T> transposed_;      // the survivors in the order of structure_.by_column
  AlignedVector<T> dense_;           // the survivors spread out, zero elsewhere
  AlignedVector<T> dense_gradient_;  // of which the survivors' entries are picked
};

}  // namespace ltlab
