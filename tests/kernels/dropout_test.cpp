#include "ltlab/kernels/dropout.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

#include "ltlab/base/error.h"
#include "support/every_target.h"
#include "support/image_cases.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

Activations<double> ones(const ActivationShape& shape) {
  Activations<double> x(shape);
  fill_interior(x, 1.0);
  return x;
}

StreamName step(std::uint64_t index) {
  return {7, "dropout/fc1", 2, index};
}

// Values of 1 after dropout: all are 0 or 1 / (1 - rate).
Activations<double> dropped(const ActivationShape& shape, double rate, std::uint64_t index) {
  Activations<double> y(shape);
  dropout(step(index), rate, ones(shape), y);
  return y;
}

std::size_t differences(const Activations<double>& a, const Activations<double>& b) {
  std::size_t count = 0;
  for (std::size_t f = 0; f < a.features(); ++f) {
    for (std::size_t i = 0; i < a.batch(); ++i) count += a.at(f, i) != b.at(f, i);
  }
  return count;
}

template <class T>
void check_dropout(const ImageCase& c, double rate) {
  const Activations<double> mask = dropped({c.image, c.batch, 16, 0}, rate, 5);
  const Activations<T> x = random_activations<T>(c.shape(), 1, true);
  Activations<T> y(c.other_shape());
  fill_interior(y, T(99));
  dropout(step(5), rate, x, y);
  CHECK(worst_error(y, [&](std::size_t f, std::size_t i) {
          return mask.at(f, i) * static_cast<double>(x.at(f, i));
        }) < 10 * std::numeric_limits<T>::epsilon());
  CHECK(border_is_zero(y));
  CHECK(padding_is_zero(y));
  Activations<T> in_place = x;
  dropout(step(5), rate, in_place, in_place);
  CHECK(worst_error(in_place, [&](std::size_t f, std::size_t i) { return y.at(f, i); }) == 0);
}

}  // namespace

TEMPLATE_TEST_CASE("Dropout keeps the same values whatever the layout and the instruction set", "[kernels]",
                   float, double) {
  on_every_target([] {
    for (const ImageCase& c : image_cases()) {
      INFO(c);
      for (const double rate : {0.0, 0.1, 0.5}) check_dropout<TestType>(c, rate);
    }
  });
}

TEST_CASE("Dropout drops as often as its rate says, and keeps the mean", "[kernels]") {
  const double rate = GENERATE(0.0, 0.1, 0.25, 0.5, 0.8, 0.99);
  const Activations<double> y = dropped({{64, 8, 8}, 48, 16, 0}, rate, 1);
  const double count = 64 * 8 * 8 * 48;
  double kept = 0;
  for (std::size_t f = 0; f < y.features(); ++f) {
    for (std::size_t i = 0; i < y.batch(); ++i) {
      kept += y.at(f, i) != 0;
      REQUIRE((y.at(f, i) == 0 || y.at(f, i) == Approx(1 / (1 - rate)).epsilon(1e-3)));
    }
  }
  CHECK(kept / count == Approx(1 - rate).margin(5 * std::sqrt(rate * (1 - rate) / count)));
}

TEST_CASE("Each step drops other values, and neighbours fall independently", "[kernels]") {
  const ActivationShape shape{{50, 3, 3}, 48, 16, 0};
  const double values = 50 * 9 * 48;
  const Activations<double> y = dropped(shape, 0.5, 1);
  CHECK(differences(y, dropped(shape, 0.5, 1)) == 0);
  CHECK(static_cast<double>(differences(y, dropped(shape, 0.5, 2))) / values == Approx(0.5).margin(0.02));
  std::size_t neighbours_alike = 0, features_alike = 0;
  for (std::size_t f = 1; f < y.features(); ++f) {
    for (std::size_t i = 1; i < y.batch(); ++i) {
      neighbours_alike += y.at(f, i) == y.at(f, i - 1);
      features_alike += y.at(f, i) == y.at(f - 1, i);
    }
  }
  CHECK(static_cast<double>(neighbours_alike) / values == Approx(0.5).margin(0.02));
  CHECK(static_cast<double>(features_alike) / values == Approx(0.5).margin(0.02));
}

TEST_CASE("The gradient of dropout is dropout of the gradient", "[kernels]") {
  const ImageCase c{{3, 7, 5}, 20, 16, 1, 2};
  Activations<double> x = random_activations<double>(c.shape(), 1), y(c.other_shape()), dx(c.shape());
  const Activations<double> dy = random_activations<double>(c.other_shape(), 2, true);
  dropout(step(3), 0.3, dy, dx);
  CHECK(worst_gradient_error(x, dx, [&] { return dropout(step(3), 0.3, x, y), inner_product(y, dy); }) <
        1e-8);
}

TEST_CASE("A rate of dropout is at least 0 and below 1", "[kernels]") {
  const Activations<float> x(3, 1, 16);
  Activations<float> y(3, 1, 16);
  for (const double rate : {-0.1, 1.0, 2.0, std::nan("")})
    CHECK_THROWS_AS(dropout(step(1), rate, x, y), ConfigError);
}
