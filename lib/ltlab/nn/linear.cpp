#include "ltlab/nn/linear.h"

#include <tuple>
#include <utility>

#include "ltlab/dense/dense_linear.h"
#include "ltlab/kernels/elementwise.h"

namespace ltlab {

template <class T>
Linear<T>::Linear(std::string name, std::size_t inputs, std::size_t outputs, Activation activation,
                  bool output_layer)
    : name_(std::move(name)),
      inputs_(inputs),
      outputs_(outputs),
      activation_(activation),
      weight_({name_ + ".weight", {outputs, inputs}, inputs, outputs, true, output_layer}),
      bias_({name_ + ".bias", {outputs}, inputs, outputs, false, output_layer}) {}

template <class T>
void Linear<T>::forward(const Activations<T>& x, Activations<T>& y) {
  multiply(kernel(Product::forward), x, y);
}

template <class T>
void Linear<T>::backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy,
                         Activations<T>* dx) {
  activation_gradient(activation_, y, dy, bias_.gradient.data());
  weight_gradient(kernel(Product::backward_weights), dy, x);
  if (dx) multiply_transposed(kernel(Product::backward_data), dy, *dx);
}

template <class T>
void Linear<T>::multiply(Kernel kernel, const Activations<T>& x, Activations<T>& y) {
  if (kernel == Kernel::sparse) {
    sparse_multiply(structure_.by_row, weight_.values.data(), bias_.values.data(), activation_, x, y);
    return;
  }
  refresh_dense_weights();
  dense_multiply(dense_weights(), x, y);
  add_bias_and_activate(bias_.values.data(), activation_, y);
}

template <class T>
void Linear<T>::multiply_transposed(Kernel kernel, const Activations<T>& dy, Activations<T>& dx) {
  if (kernel == Kernel::sparse) {
    refresh_transposed_values();
    sparse_multiply<T>(structure_.by_column, transposed_.data(), nullptr, Activation::identity, dy, dx);
    return;
  }
  refresh_dense_weights();
  dense_multiply_transposed(dense_weights(), dy, dx);
}

template <class T>
void Linear<T>::weight_gradient(Kernel kernel, const Activations<T>& dy, const Activations<T>& x) {
  if (kernel == Kernel::sparse) {
    sparse_weight_gradient(structure_.by_row, dy, x, weight_.gradient.data());
    return;
  }
  if (!weight_.masked()) {
    dense_weight_gradient(dy, x, weight_.gradient.data());
    return;
  }
  dense_weight_gradient(dy, x, dense_gradient_.data());
  const std::span<const std::uint32_t> survivors = weight_.survivors();
  for (std::size_t k = 0; k < survivors.size(); ++k) weight_.gradient[k] = dense_gradient_[survivors[k]];
}

template <class T>
void Linear<T>::refresh_dense_weights() {
  if (!weight_.masked()) return;
  const std::span<const std::uint32_t> survivors = weight_.survivors();
  for (std::size_t k = 0; k < survivors.size(); ++k) dense_[survivors[k]] = weight_.values[k];
}

template <class T>
void Linear<T>::refresh_transposed_values() {
  for (std::size_t k = 0; k < transposed_.size(); ++k)
    transposed_[k] = weight_.values[structure_.row_order[k]];
}

template <class T>
void Linear<T>::apply_mask(const Mask& mask) {
  if (mask.name != weight_.info().name) return;
  weight_.apply(mask);
  if (!weight_.masked()) return;
  structure_ = make_sparse_matrix(mask.keep, outputs_, inputs_);
  transposed_.assign(weight_.size(), T(0));
  dense_.assign(weight_.dense_size(), T(0));
  dense_gradient_.assign(weight_.dense_size(), T(0));
  kernels_.fill(Kernel::sparse);
}

template <class T>
void Linear<T>::run(Product product, Kernel kernel, Activations<T>& x, Activations<T>& y) {
  switch (product) {
    case Product::forward:
      return multiply(kernel, x, y);
    case Product::backward_data:
      return multiply_transposed(kernel, y, x);
    case Product::backward_weights:
      return weight_gradient(kernel, y, x);
  }
}

template <class T>
std::vector<KernelChoice> Linear<T>::choose_kernels(KernelPolicy policy, std::size_t batch, std::size_t lanes,
                                                    bool first) {
  std::vector<KernelChoice> choices;
  Activations<T> x(inputs_, batch, lanes), y(outputs_, batch, lanes);
  for (const Product product : kProducts) {
    if (first && product == Product::backward_data) continue;
    KernelChoice choice{weight_.info().name, product, Kernel::dense, 0, 0};
    if (weight_.masked() && policy == KernelPolicy::sparse) choice.kernel = Kernel::sparse;
    if (weight_.masked() && policy == KernelPolicy::automatic) {
      std::tie(choice.dense_seconds, choice.sparse_seconds) = time_in_turn(
          [&] { run(product, Kernel::dense, x, y); }, [&] { run(product, Kernel::sparse, x, y); });
      if (choice.sparse_seconds < choice.dense_seconds) choice.kernel = Kernel::sparse;
    }
    set_kernel(choice);
    choices.push_back(choice);
  }
  return choices;
}

template <class T>
void Linear<T>::set_kernel(const KernelChoice& choice) {
  if (choice.parameter == weight_.info().name) kernel(choice.product) = choice.kernel;
}

template <class T>
Flops Linear<T>::flops(bool first) const {
  Flops flops;
  for (const Product product : kProducts) {
    if (first && product == Product::backward_data) continue;
    const auto dense = 2.0 * static_cast<double>(weight_.dense_size());
    flops.dense += dense;
    flops.done += kernel(product) == Kernel::dense ? dense : 2.0 * static_cast<double>(weight_.size());
  }
  return flops;
}

template class Linear<float>;
template class Linear<double>;

}  // namespace ltlab
