#include "ltlab/analysis/sharpness.h"

#include <Eigen/Eigenvalues>
#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/nn/models.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

constexpr std::size_t kBatch = 12, kClasses = 3;

Network<double> small_network(double density) {
  Network<double> network =
      make_network<double>("linear 5 relu; linear classes", {1, 3, 3}, kClasses, kBatch);
  std::vector<Tensor> tensors;
  std::vector<Mask> masks;
  for (const Parameter<double>* array : network.arrays()) {
    tensors.push_back(random_tensor(array->info().name, array->info().shape, tensors.size() + 7));
    if (array->info().prunable)
      masks.push_back(random_mask(tensors.back().name, tensors.back().shape, density, tensors.size()));
  }
  network.assign(tensors);
  network.apply(masks);
  return network;
}

std::vector<LabelledBatch<double>> random_batches(const Network<double>& network) {
  LabelledBatch<double> batch{random_activations<double>(network.input(), 3),
                              std::vector<std::uint8_t>(kBatch)};
  for (std::size_t i = 0; i < kBatch; ++i) batch.labels[i] = i * 5 % kClasses;
  return {batch};
}

// Column by column; each product is tested against differences of the loss in hessian_product_test.cpp.
Eigen::MatrixXd dense_hessian(Network<double>& network, const std::vector<LabelledBatch<double>>& batches) {
  const std::size_t size = survivor_count(network);
  Eigen::MatrixXd hessian(size, size);
  for (std::size_t j = 0; j < size; ++j) {
    std::vector<double> unit(size);
    unit[j] = 1;
    const std::vector<double> column = Hessian<double>(network, batches).multiply(unit);
    hessian.col(static_cast<Eigen::Index>(j)) =
        Eigen::Map<const Eigen::VectorXd>(column.data(), static_cast<Eigen::Index>(size));
  }
  return hessian;
}

// The eigenvalue of largest magnitude, by multiplying again and again.
double by_power_iteration(Network<double>& network, const std::vector<LabelledBatch<double>>& batches) {
  std::vector<double> v(survivor_count(network), 1);
  double eigenvalue = 0;
  for (int i = 0; i < 500; ++i) {
    double squares = 0;
    for (const double value : v) squares += value * value;
    for (double& value : v) value /= std::sqrt(squares);
    const std::vector<double> product = Hessian<double>(network, batches).multiply(v);
    eigenvalue = 0;
    for (std::size_t j = 0; j < v.size(); ++j) eigenvalue += v[j] * product[j];
    v = product;
  }
  return eigenvalue;
}

}  // namespace

TEST_CASE("Largest and least eigenvalues and the trace are those of the dense Hessian", "[sharpness]") {
  for (const double density : {1.0, 0.5}) {
    Network<double> network = small_network(density);
    const std::vector<LabelledBatch<double>> batches = random_batches(network);
    const Eigen::MatrixXd hessian = dense_hessian(network, batches);
    const Eigen::VectorXd expected = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(hessian).eigenvalues();
    const Sharpness found = sharpness(network, batches, {4, 1e-6, 200});
    REQUIRE(found.largest.size() == 4);
    for (Eigen::Index i = 0; i < 4; ++i)
      CHECK(found.largest[static_cast<std::size_t>(i)] ==
            Approx(expected(expected.size() - 1 - i)).epsilon(1e-5));
    CHECK(expected(0) < -1e-3);  // the network is no minimum: its loss also curves down
    CHECK(found.least == Approx(expected(0)).epsilon(1e-5));
    CHECK(found.trace.size == 200);
    CHECK(std::abs(found.trace.mean - hessian.trace()) < 2 * found.trace.half_width);
    CHECK(found.trace.half_width < 0.5 * std::abs(hessian.trace()));
    CHECK(found.products > 200);
    REQUIRE(expected(expected.size() - 1) > -expected(0));
    CHECK(by_power_iteration(network, batches) == Approx(found.largest.front()).epsilon(1e-5));
  }
}

TEST_CASE("Sharpness is the same each time, and leaves the network as it was", "[sharpness]") {
  Network<double> network = small_network(0.7);
  const std::vector<LabelledBatch<double>> batches = random_batches(network);
  const std::vector<double> before = survivors_of(network);
  const Sharpness one = sharpness(network, batches, {2, 1e-3, 4}),
                  two = sharpness(network, batches, {2, 1e-3, 4});
  CHECK(one.largest == two.largest);
  CHECK(one.trace.mean == two.trace.mean);
  CHECK(one.products == two.products);
  CHECK(survivors_of(network) == before);
}

TEST_CASE("Sharpness needs survivors, probes and images", "[sharpness]") {
  Network<double> network = small_network(0.7);
  const std::vector<LabelledBatch<double>> batches = random_batches(network);
  CHECK_THROWS_AS(sharpness(network, batches, {0, 1e-3, 4}), ConfigError);
  CHECK_THROWS_AS(sharpness(network, batches, {survivor_count(network), 1e-3, 4}), ConfigError);
  CHECK_THROWS_AS(sharpness(network, batches, {1, 1e-3, 1}), ConfigError);
  CHECK_THROWS_AS(sharpness(network, {}, {1, 1e-3, 4}), ConfigError);
}
