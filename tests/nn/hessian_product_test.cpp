#include "ltlab/nn/hessian_product.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/nn/models.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

constexpr std::size_t kBatch = 6, kClasses = 3;

// Random weights, biases and arrays of batch norm, so that no unit lies at a kink.
template <class T>
Network<T> random_network(const std::string& model, const ImageShape& image, double density) {
  Network<T> network = make_network<T>(model, image, kClasses, kBatch);
  std::vector<Tensor> tensors;
  std::vector<Mask> masks;
  for (const Parameter<T>* array : network.arrays()) {
    Tensor tensor = random_tensor(array->info().name, array->info().shape, tensors.size());
    const double scale = 1 / std::sqrt(static_cast<double>(array->info().fan_in));
    for (float& value : tensor.values) value = array->info().start + static_cast<float>(scale) * value;
    if (array->info().prunable && density < 1)
      masks.push_back(random_mask(tensor.name, tensor.shape, density, tensors.size()));
    tensors.push_back(tensor);
  }
  network.assign(tensors);
  network.apply(masks);
  network.choose_kernels(KernelPolicy::sparse);
  return network;
}

// A whole batch and half a one.
template <class T>
std::vector<LabelledBatch<T>> random_batches(const Network<T>& network) {
  std::vector<LabelledBatch<T>> batches;
  for (const std::size_t images : {kBatch, kBatch / 2}) {
    ActivationShape shape = network.input();
    shape.batch = images;
    batches.push_back({random_activations<T>(shape, images), std::vector<std::uint8_t>(images)});
    for (std::size_t i = 0; i < images; ++i) batches.back().labels[i] = i * 5 % kClasses;
  }
  return batches;
}

// Summed up by forward passes of training alone.
double mean_loss(Network<double>& network, const std::vector<LabelledBatch<double>>& batches) {
  double loss = 0;
  for (const LabelledBatch<double>& batch : batches)
    loss += network.forward_backward(batch.images, batch.labels, {1, 2, 3}).loss;
  return loss / (kBatch + kBatch / 2);
}

// H[i][j] from the loss at four points.
double second_difference(Network<double>& network, const std::vector<LabelledBatch<double>>& batches,
                         std::size_t i, std::size_t j) {
  const std::vector<double> w = survivors_of(network);
  const double h = 1e-4;
  double sum = 0;
  for (const double a : {-h, h}) {
    for (const double b : {-h, h}) {
      std::vector<double> moved = w;
      moved[i] += a;
      moved[j] += b;
      assign_survivors(network, moved);
      sum += a * b * mean_loss(network, batches);
    }
  }
  assign_survivors(network, w);
  return sum / (4 * h * h * h * h);
}

std::vector<double> product(Network<double>& network, const std::vector<LabelledBatch<double>>& batches,
                            const std::vector<double>& v) {
  return Hessian<double>(network, batches, {1, 2, 3}).multiply(v);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::vector<double> random_direction(std::size_t size, std::uint64_t seed) {
  const AlignedVector<double> values = random_values<double>(size, seed);
  return {values.begin(), values.end()};
}

const std::vector<std::string>& models() {
  static const std::vector<std::string> models = {
      "linear 4 relu; linear 4 relu; linear classes",
      "conv 2 relu; max-pool 2x2; dropout 0.3; linear classes",
      "conv 2; batch-norm relu; residual; conv 2; batch-norm; end relu; global-average-pool; linear classes"};
  return models;
}

}  // namespace

TEST_CASE("Hessian products agree with the dense Hessian of differences of the loss", "[nn][hessian]") {
  for (const std::string& model : models()) {
    for (const double density : {1.0, 0.5}) {
      INFO(model << " at density " << density);
      Network<double> network = random_network<double>(model, {1, 4, 4}, density);
      const std::vector<LabelledBatch<double>> batches = random_batches(network);
      const std::size_t size = survivor_count(network);
      for (std::size_t j = 0; j < size; j += 3) {
        std::vector<double> unit(size);
        unit[j] = 1;
        const std::vector<double> column = product(network, batches, unit);
        for (std::size_t i = 0; i < size; i += 5) {
          INFO("row " << i << ", column " << j);
          REQUIRE(column[i] == Approx(second_difference(network, batches, i, j)).margin(2e-6).epsilon(1e-5));
        }
      }
    }
  }
}

TEST_CASE("Hessian products are symmetric and linear, and double and float agree", "[nn][hessian]") {
  for (const std::string& model : models()) {
    INFO(model);
    Network<double> network = random_network<double>(model, {1, 6, 6}, 0.6);
    const std::vector<LabelledBatch<double>> batches = random_batches(network);
    const std::size_t size = survivor_count(network);
    const std::vector<double> u = random_direction(size, 1), v = random_direction(size, 2);
    const std::vector<double> hu = product(network, batches, u), hv = product(network, batches, v);
    CHECK(dot(u, hv) == Approx(dot(v, hu)).epsilon(1e-5).margin(1e-5));
    std::vector<double> sum(size);
    for (std::size_t i = 0; i < size; ++i) sum[i] = 100 * u[i] - v[i];
    const std::vector<double> h_sum = product(network, batches, sum);
    for (std::size_t i = 0; i < size; ++i)
      REQUIRE(h_sum[i] == Approx(100 * hu[i] - hv[i]).epsilon(1e-5).margin(1e-3));

    Network<float> single = random_network<float>(model, {1, 6, 6}, 0.6);
    const std::vector<double> in_float =
        Hessian<float>(single, random_batches(single), {1, 2, 3}).multiply(u);
    std::vector<double> difference(size);
    for (std::size_t i = 0; i < size; ++i) difference[i] = in_float[i] - hu[i];
    CHECK(std::sqrt(dot(difference, difference)) < 0.02 * std::sqrt(dot(hu, hu)));
  }
}

TEST_CASE("Gradients and Hessian products leave the network as it was, and need images", "[nn][hessian]") {
  Network<double> network = random_network<double>(models()[2], {1, 6, 6}, 0.6);
  const std::vector<LabelledBatch<double>> batches = random_batches(network);
  const auto arrays = [&] {
    std::vector<AlignedVector<double>> values;
    for (const Parameter<double>* array : network.arrays()) values.push_back(array->values);
    return values;
  };
  const std::vector<AlignedVector<double>> before = arrays();
  const std::vector<double> gradient = mean_gradient<double>(network, batches);
  const std::vector<double> again = mean_gradient<double>(network, batches);
  product(network, batches, gradient);
  CHECK(gradient == again);
  CHECK(arrays() == before);
  CHECK(product(network, batches, std::vector<double>(gradient.size())) ==
        std::vector<double>(gradient.size()));
  CHECK_THROWS_AS(mean_gradient<double>(network, {}), ConfigError);
  CHECK_THROWS_AS(Hessian<double>(network, batches).multiply(std::vector<double>(3)), ConfigError);
}

TEST_CASE("A unit that no image reaches adds nothing, though it lies at its kink", "[nn][hessian]") {
  const std::string model = "linear 4 relu; linear classes";
  Network<double> network = make_network<double>(model, {1, 3, 3}, kClasses, kBatch);
  std::vector<Tensor> tensors = network.tensors();
  for (Tensor& tensor : tensors) tensor = random_tensor(tensor.name, tensor.shape, 3);
  std::vector<Mask> masks;
  for (const Tensor& tensor : tensors) {
    if (tensor.shape.size() == 2) masks.push_back(full_mask(tensor.name, tensor.shape));
  }
  std::fill_n(masks[0].keep.begin() + 9, 9, 0);  // unit 1 has no inputs, and no bias
  tensors[1].values[1] = 0;
  network.assign(tensors);
  network.apply(masks);
  const std::vector<LabelledBatch<double>> batches = random_batches(network);
  const std::size_t size = survivor_count(network), bias = 3 * 9 + 1;
  const std::vector<double> v = random_direction(size, 1), product_all = product(network, batches, v);
  std::vector<double> held = v;
  held[bias] = 0;
  CHECK(product_all == product(network, batches, held));
  CHECK(product_all[bias] == 0);
  CHECK(std::sqrt(dot(product_all, product_all)) < 100 * std::sqrt(dot(v, v)));
  held.assign(size, 0);
  held[bias] = 1;
  CHECK(product(network, batches, held) == std::vector<double>(size));
}

TEST_CASE("The mean gradient weighs batches by their images", "[nn][hessian]") {
  Network<double> network = random_network<double>(models()[0], {1, 4, 4}, 1);
  const std::vector<LabelledBatch<double>> batches = random_batches(network);
  const std::vector<double> gradient = mean_gradient<double>(network, batches), w = survivors_of(network);
  for (std::size_t i = 0; i < w.size(); i += 4) {
    const auto loss_at = [&](double distance) {
      std::vector<double> moved = w;
      moved[i] += distance;
      assign_survivors(network, moved);
      return mean_loss(network, batches);
    };
    REQUIRE(gradient[i] == Approx((loss_at(1e-6) - loss_at(-1e-6)) / 2e-6).margin(1e-8).epsilon(1e-6));
    assign_survivors(network, w);
  }
}
