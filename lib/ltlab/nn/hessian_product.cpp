#include "ltlab/nn/hessian_product.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Puts a network's arrays back as they were.
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

// r of hessian_product().
template <class T>
constexpr double kRelativeStep = std::is_same_v<T, double> ? 1e-10 : 3e-4;

template <class T>
void require_size(const Network<T>& network, std::size_t size) {
  if (size == survivor_count(network)) return;
  throw ConfigError("a vector of " + std::to_string(size) + " values does not run along the network's " +
                    std::to_string(survivor_count(network)) + " survivors");
}

// gradient += share of the gradient that the network's parameters hold.
template <class T>
void add_gradient(const Network<T>& network, double share, std::vector<double>& gradient) {
  std::size_t i = 0;
  for (const Parameter<T>* parameter : network.parameters()) {
    for (const T g : parameter->gradient) gradient[i++] += share * static_cast<double>(g);
  }
}

// mean_gradient() that leaves running statistics as the batches left them.
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

// v, but 0 where both a value and its gradient are exactly 0.
template <class T>
std::vector<double> without_held(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                 std::span<const double> w, std::span<const double> v,
                                 const TrainingStep& step) {
  std::vector<double> result(v.begin(), v.end());
  if (std::ranges::find(w, 0.0) == w.end()) return result;
  const std::vector<double> gradient = gradient_now(network, batches, step);
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (w[i] == 0 && gradient[i] == 0) result[i] = 0;
  }
  return result;
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
std::vector<double> hessian_product(Network<T>& network, std::span<const LabelledBatch<T>> batches,
                                    std::span<const double> v, const TrainingStep& step) {
  require_size(network, v.size());
  const KeptArrays<T> kept(network);
  const std::vector<double> w = survivors_of(network), direction = without_held(network, batches, w, v, step);
  const double length = norm(direction);
  if (length == 0) return std::vector<double>(v.size());
  const double h = kRelativeStep<T> * (1 + norm(w)) / length;
  const auto gradient_at = [&](double distance) {
    std::vector<double> moved = w;
    for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += distance * direction[i];
    assign_survivors(network, moved);
    return gradient_now(network, batches, step);
  };
  std::vector<double> product = gradient_at(h);
  const std::vector<double> below = gradient_at(-h);
  for (std::size_t i = 0; i < product.size(); ++i) product[i] = (product[i] - below[i]) / (2 * h);
  return product;
}

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
template std::vector<double> hessian_product(Network<float>&, std::span<const LabelledBatch<float>>,
                                             std::span<const double>, const TrainingStep&);
template std::vector<double> hessian_product(Network<double>&, std::span<const LabelledBatch<double>>,
                                             std::span<const double>, const TrainingStep&);

}  // namespace ltlab
