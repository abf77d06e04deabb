#include "ltlab/nn/weighted_layer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>
#include <utility>

#include "ltlab/kernels/elementwise.h"
#include "ltlab/kernels/survivors.h"

namespace ltlab {
namespace {

// Describes the weights, or the bias.
ParameterInfo describe(const std::string& name, const Shape& shape, const Shape& weights, bool output_layer) {
  const std::size_t window = element_count({weights.begin() + 2, weights.end()});  // 1 for a linear layer
  return {name, shape, weights[1] * window, weights[0] * window, shape.size() > 1, output_layer};
}

// Returns the median seconds that a call of each function takes. They are measured in turn (a, b, a, b,
// ...), so that a drift of the machine's speed affects both alike.
template <class A, class B>
std::pair<double, double> time_in_turn(const A& a, const B& b) {
  constexpr std::size_t kRounds = 7;
  std::array<double, kRounds> seconds_a{}, seconds_b{};
  const auto seconds = [](const auto& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  a();  // warm up: caches, and oneDNN's just-in-time code
  b();
  for (std::size_t i = 0; i < kRounds; ++i) {
    seconds_a[i] = seconds(a);
    seconds_b[i] = seconds(b);
  }
  std::ranges::sort(seconds_a);
  std::ranges::sort(seconds_b);
  return {seconds_a[kRounds / 2], seconds_b[kRounds / 2]};
}

}  // namespace

template <class T>
WeightedLayer<T>::WeightedLayer(const std::string& name, const ImageShape& input, const ImageShape& output,
                                const Shape& weights, Activation activation, bool output_layer, bool has_bias)
    : Layer<T>(name, input, output),
      activation_(activation),
      weight_(describe(name + ".weight", weights, weights, output_layer)) {
  if (has_bias) bias_.emplace(describe(name + ".bias", {weights.front()}, weights, output_layer));
}

template <class T>
std::vector<Parameter<T>*> WeightedLayer<T>::parameters() {
  std::vector<Parameter<T>*> parameters{&weight_};
  if (bias_) parameters.push_back(&*bias_);
  return parameters;
}

template <class T>
void WeightedLayer<T>::forward(const Activations<T>& x, Activations<T>& y) {
  const Kernel chosen = kernel(Product::forward);
  multiply(chosen, weights_for(chosen), x, y);
}

template <class T>
void WeightedLayer<T>::backward(const Activations<T>& x, const Activations<T>& /*y*/, Activations<T>& dy,
                                Activations<T>* dx, bool accumulate) {
  if (bias_) bias_gradient(dy, bias_->size() / dy.image().channels, accumulate, bias_->gradient.data());
  compute_dw(keeps_dense_gradient_ ? Kernel::dense : kernel(Product::backward_weights), dy, x, accumulate);
  if (!dx) return;
  if (!accumulate && kernel(Product::backward_data) == Kernel::sparse) refresh_transposed();
  compute_dx(kernel(Product::backward_data), dy, x, *dx);
}

template <class T>
void WeightedLayer<T>::compute_dx(Kernel kernel, const Activations<T>& dy, const Activations<T>& x,
                                  Activations<T>& dx) {
  const Activations<T>* rectified = context_.rectified_input ? &x : nullptr;
  if (kernel == Kernel::sparse) return multiply_transposed(kernel, transposed_.data(), dy, rectified, dx);
  multiply_transposed(kernel, weights_for(kernel), dy, rectified, dx);
  if (rectified) rectify_gradient(x, dx);
}

template <class T>
void WeightedLayer<T>::compute_dw(Kernel kernel, const Activations<T>& dy, const Activations<T>& x,
                                  bool accumulate) {
  const bool picks = kernel == Kernel::dense && weight_.masked();  // the survivors' entries, from all
  weight_gradient(kernel, dy, x, accumulate, picks ? dense_gradient_.data() : weight_.gradient.data());
  if (picks) compress<T>(survivor_bits_, dense_gradient_, weight_.gradient);
}

template <class T>
const T* WeightedLayer<T>::weights_for(Kernel kernel) {
  if (kernel == Kernel::sparse || !weight_.masked()) return weight_.values.data();
  expand<T>(survivor_bits_, weight_.values, dense_);
  return dense_.data();
}

template <class T>
void WeightedLayer<T>::refresh_transposed() {
  for (std::size_t k = 0; k < transposed_.size(); ++k)
    transposed_[k] = weight_.values[(*transposed_order_)[k]];
}

template <class T>
void WeightedLayer<T>::apply_mask(const Mask& mask) {
  if (mask.name != weight_.info().name) return;
  weight_.apply(mask);
  kernels_.fill(weight_.masked() ? Kernel::sparse : Kernel::dense);
  if (!weight_.masked()) return;
  transposed_order_ = &build_structure(mask.keep);
  transposed_.assign(transposed_order_->size(), T(0));
  survivor_bits_ = survivor_bits(mask.keep);
  dense_.assign(weight_.dense_size(), T(0));
  dense_gradient_.assign(weight_.dense_size(), T(0));
}

template <class T>
std::optional<Tensor> WeightedLayer<T>::dense_gradient() const {
  const AlignedVector<T>& gradient = weight_.masked() ? dense_gradient_ : weight_.gradient;
  return Tensor{weight_.info().name, weight_.info().shape,
                AlignedVector<float>(gradient.begin(), gradient.end())};
}

template <class T>
std::vector<Product> WeightedLayer<T>::products() const {
  if (context_.first) return {Product::forward, Product::backward_weights};
  return {std::begin(kProducts), std::end(kProducts)};
}

template <class T>
bool WeightedLayer<T>::is_dense() const {
  return std::ranges::all_of(products(), [&](Product product) { return kernel(product) == Kernel::dense; });
}

template <class T>
std::pair<double, double> WeightedLayer<T>::measure(Product product) {
  const auto& [batch, lanes, input_border, output_border, first, rectified_input] = context_;
  Activations<T> x({this->input(), batch, lanes, input_border}),
      y({this->output(), batch, lanes, output_border});
  Activations<T> dx({this->input(), batch, lanes, input_border}),
      dy({this->output(), batch, lanes, this->gradient_border()});
  const auto run = [&](Kernel kernel) {
    switch (product) {
      case Product::forward:
        return multiply(kernel, weights_for(kernel), x, y);
      case Product::backward_data:
        if (kernel == Kernel::sparse) refresh_transposed();
        return compute_dx(kernel, dy, x, dx);
      case Product::backward_weights:
        return compute_dw(kernel, dy, x, false);
    }
  };
  return time_in_turn([&] { run(Kernel::dense); }, [&] { run(Kernel::sparse); });
}

template <class T>
std::vector<KernelChoice> WeightedLayer<T>::choose_kernels(KernelPolicy policy) {
  std::vector<KernelChoice> choices;
  for (const Product product : products()) {
    KernelChoice choice{weight_.info().name, product, Kernel::dense, 0, 0};
    if (weight_.masked() && policy == KernelPolicy::sparse) choice.kernel = Kernel::sparse;
    if (weight_.masked() && policy == KernelPolicy::automatic) {
      std::tie(choice.dense_seconds, choice.sparse_seconds) = measure(product);
      if (choice.sparse_seconds < choice.dense_seconds) choice.kernel = Kernel::sparse;
    }
    set_kernel(choice);
    choices.push_back(choice);
  }
  return choices;
}

template <class T>
void WeightedLayer<T>::set_kernel(const KernelChoice& choice) {
  if (choice.parameter == weight_.info().name) kernel(choice.product) = choice.kernel;
}

template <class T>
Flops WeightedLayer<T>::flops() const {
  const ImageShape output = this->output();
  const auto per_weight = 2.0 * static_cast<double>(output.height * output.width);
  const double dense = per_weight * static_cast<double>(weight_.dense_size());
  const double sparse = per_weight * static_cast<double>(weight_.size());
  Flops flops;
  for (const Product product : products()) {
    const bool is_whole = product == Product::backward_weights && keeps_dense_gradient_;
    const double needed = is_whole ? dense : sparse;
    flops.survivors += needed;
    flops.kernels += kernel(product) == Kernel::dense ? dense : needed;
    flops.dense += dense;
  }
  return flops;
}

template class WeightedLayer<float>;
template class WeightedLayer<double>;

}  // namespace ltlab
