#include "ltlab/nn/hessian_product.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Restores a network's arrays.
template <class T>
class KeptArrays {
 public:
  explicit KeptArrays(const Network<T>& network) : network_(network) {
    for (const Parameter<T>* array : network.arrays()) values_.push_back(array->values);
  }
  ~KeptArrays() {
    for (std::size_t i = 0; i < values_.size(); ++i)
      std::ranges::copy(values_[i], network_.arrays()[i]->values.begin());
  }
  KeptArrays(const KeptArrays&) = delete;
  KeptArrays& operator=(const KeptArrays&) = delete;

 private:
  const Network<T>& network_;
  std::vector<AlignedVector<T>> values_;
};

double norm(std::span<const double> v) {
  return std::sqrt(std::transform_reduce(v.begin(), v.end(), v.begin(), 0.0));
}

// The r of Hessian.
template <class T>
constexpr double kRelativeStep = std::is_same_v<T, double> ? 1e-10 : 3e-4;

template <class T>
void require_size(const Network<T>& network, std::size_t size) {
  if (size == survivor_count(network)) return;
  throw ConfigError("a vector of " + std::to_string(size) + " values does not run along the network's " +
                    std::to_string(survivor_count(network)) + " survivors");
}

// Adds the gradient in the network's parameters, times `share`, to `gradient`.
template <class T>
void add_gradient(const Network<T>& network, double share, std::vector<double>& gradient) {
  std::size_t i = 0;
  for (const Parameter<T>* parameter : network.parameters()) {
    for (const T g : parameter->gradient) gradient[i++] += share * static_cast<double>(g);
  }
}

// Does mean_gradient(), but leaves running statistics as the batches left them.
template <class T>
std::vector<double> gradient_now(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                 const TrainingStep& step) {
  std::size_t images = 0;
  for (const LabelledBatch<T>& batch : batches) images += batch.labels.size();
  if (images == 0) throw ConfigError("the mean loss's gradient needs at least one image");
  std::vector<double> gradient(survivor_count(network));
  for (const LabelledBatch<T>& batch : batches) {
    network.forward_backward(batch.images, batch.labels, step);
    add_gradient(network, static_cast<double>(batch.labels.size()) / static_cast<double>(images), gradient);
  }
  return gradient;
}

// Returns the survivors whose value and gradient are both exactly 0.
template <class T>
std::vector<std::size_t> held_survivors(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                        const TrainingStep& step) {
  const std::vector<double> values = survivors_of(network), gradient = mean_gradient(network, batches, step);
  std::vector<std::size_t> held;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0 && gradient[i] == 0) held.push_back(i);
  }
  return held;
}

}  // namespace

template <class T>
std::size_t survivor_count(const Network<T>& network) {
  std::size_t count = 0;
  for (const Parameter<T>* parameter : network.parameters()) count += parameter->size();
  return count;
}

template <class T>
std::vector<double> survivors_of(const Network<T>& network) {
  std::vector<double> values;
  values.reserve(survivor_count(network));
  for (const Parameter<T>* parameter : network.parameters())
    values.insert(values.end(), parameter->values.begin(), parameter->values.end());
  return values;
}

template <class T>
void assign_survivors(Network<T>& network, std::span<const double> values) {
  require_size(network, values.size());
  std::size_t i = 0;
  for (Parameter<T>* parameter : network.parameters()) {
    for (T& value : parameter->values) value = static_cast<T>(values[i++]);
  }
}

template <class T>
std::vector<double> mean_gradient(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                  const TrainingStep& step) {
  const KeptArrays<T> kept(network);
  return gradient_now(network, batches, step);
}

template <class T>
Hessian<T>::Hessian(Network<T>& network, std::span<const LabelledBatch<T>> batches, const TrainingStep& step)
    : network_(network),
      batches_(batches),
      step_(step),
      values_(survivors_of(network)),
      held_(held_survivors(network, batches, step)) {}

template <class T>
std::vector<double> Hessian<T>::multiply(std::span<const double> v) const {
  require_size(network_, v.size());
  std::vector<double> direction(v.begin(), v.end());
  for (const std::size_t i : held_) direction[i] = 0;
  const double length = norm(direction);
  if (length == 0) return std::vector<double>(v.size());
  const KeptArrays<T> kept(network_);
  const double h = kRelativeStep<T> * (1 + norm(values_)) / length;
  const auto gradient_at = [&](double distance) {
    std::vector<double> moved = values_;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += distance * direction[i];
    assign_survivors(network_, moved);
    return gradient_now(network_, batches_, step_);
  };
  std::vector<double> product = gradient_at(h);
  const std::vector<double> below = gradient_at(-h);
  for (std::size_t i = 0; i < product.size(); ++i) product[i] = (product[i] - below[i]) / (2 * h);
  return product;
}

template class Hessian<float>;
template class Hessian<double>;
template std::size_t survivor_count(const Network<float>&);
template std::size_t survivor_count(const Network<double>&);
template std::vector<double> survivors_of(const Network<float>&);
template std::vector<double> survivors_of(const Network<double>&);
template void assign_survivors(Network<float>&, std::span<const double>);
template void assign_survivors(Network<double>&, std::span<const double>);
template std::vector<double> mean_gradient(Network<float>&, std::span<const LabelledBatch<float>>,
                                           const TrainingStep&);
template std::vector<double> mean_gradient(Network<double>&, std::span<const LabelledBatch<double>>,
                                           const TrainingStep&);

}  // namespace ltlab
