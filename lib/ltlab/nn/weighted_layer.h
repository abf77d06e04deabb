#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ltlab/kernels/sparse_products.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// A layer y = f(W x + b) with a linear map W x of some form. Each of its three products runs dense or
/// sparse, as chosen. A form of W supplies the kernels.
template <class T>
class WeightedLayer : public Layer<T> {
 public:
  std::vector<Parameter<T>*> parameters() override;
  bool takes_shortcut() const override { return activation_ == Activation::identity; }

  bool rectifies() const override { return activation_ == Activation::relu; }
  bool rectifies_gradient() const override { return true; }
  void prepare(const LayerContext& context) override { context_ = context; }
  void forward(const Activations<T>& x, Activations<T>& y) override;
  void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy, Activations<T>* dx,
                bool accumulate) override;

  void apply_mask(const Mask& mask) override;
  std::vector<KernelChoice> choose_kernels(KernelPolicy policy) override;
  void set_kernel(const KernelChoice& choice) override;
  Flops flops() const override;
  void keep_dense_gradient(bool keep) override { keeps_dense_gradient_ = keep; }
  std::optional<Tensor> dense_gradient() const override;

 protected:
  /// The weights have the shape `weights`, (out, in, ...). Only a layer without activation may have no bias.
  WeightedLayer(const std::string& name, const ImageShape& input, const ImageShape& output,
                const Shape& weights, Activation activation, bool output_layer, bool has_bias = true);

  const LayerContext& context() const { return context_; }
  const T* bias() const { return bias_ ? bias_->values.data() : nullptr; }
  Activation activation() const { return activation_; }
  /// Returns whether all products run dense.
  bool is_dense() const;

  /// Takes a mask of W. Returns the order in which the sparse multiply_transposed() takes the survivors that
  /// it needs.
  virtual const std::vector<std::uint32_t>& build_structure(std::span<const std::uint8_t> keep) = 0;

  // Below, the dense kernel takes or writes all weights, the sparse one the survivors.

  /// Computes y = f(W x + b).
  virtual void multiply(Kernel kernel, const T* weights, const Activations<T>& x, Activations<T>& y) = 0;
  /// Computes dx = W^T dy; the sparse kernel also writes 0 where `rectified` (x, or null) is not positive.
  virtual void multiply_transposed(Kernel kernel, const T* weights, const Activations<T>& dy,
                                   const Activations<T>* rectified, Activations<T>& dx) = 0;
  /// Writes or adds dW.
  virtual void weight_gradient(Kernel kernel, const Activations<T>& dy, const Activations<T>& x,
                               bool accumulate, T* gradient) = 0;

 private:
  Kernel& kernel(Product product) { return kernels_[static_cast<std::size_t>(product)]; }
  Kernel kernel(Product product) const { return kernels_[static_cast<std::size_t>(product)]; }
  std::vector<Product> products() const;  // those that this layer has in its network
  // Returns W, brought up to date, as a kernel takes it: the survivors, or one dense array.
  const T* weights_for(Kernel kernel);
  // Brings the survivors in transposed order up to date.
  void refresh_transposed();

  void compute_dx(Kernel kernel, const Activations<T>& dy, const Activations<T>& x, Activations<T>& dx);
  void compute_dw(Kernel kernel, const Activations<T>& dy, const Activations<T>& x, bool accumulate);
  // Returns the seconds that a product takes by either kernel.
  std::pair<double, double> measure(Product product);

  Activation activation_;
  LayerContext context_;
  Parameter<T> weight_;
  std::optional<Parameter<T>> bias_;
  std::array<Kernel, 3> kernels_{};                               // one for each Product
  const std::vector<std::uint32_t>* transposed_order_ = nullptr;  // of the survivors
  AlignedVector<T> transposed_;                                   // the survivors in that order
  AlignedVector<std::uint8_t> survivor_bits_;
  AlignedVector<T> dense_;           // the survivors spread out, zero elsewhere
  AlignedVector<T> dense_gradient_;  // from which the survivors' entries are picked
  bool keeps_dense_gradient_ = false;
};

}  // namespace ltlab
