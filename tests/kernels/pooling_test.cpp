#include "ltlab/kernels/pooling.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/kernels/elementwise.h"
#include "support/every_target.h"
#include "support/image_cases.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

constexpr double kTolerance = 1e-5;

std::vector<Pooling> poolings(const ImageShape& image) {
  std::vector<Pooling> fitting;
  for (const Pooling& p : {Pooling{2, 2, 2}, Pooling{3, 3, 2}, Pooling{2, 2, 1}, Pooling{1, 1, 1},
                           Pooling{1, 2, 3}, Pooling{3, 2, 3}, whole_image(image)}) {
    if (p.window_height <= image.height && p.window_width <= image.width) fitting.push_back(p);
  }
  return fitting;
}

// The features of x in the window of output feature f, in row-major order.
std::vector<std::size_t> window_of(const Pooling& p, const ImageShape& x, std::size_t f) {
  const ImageShape y = p.output(x);
  const std::size_t c = f / (y.height * y.width), i = f / y.width % y.height, j = f % y.width;
  std::vector<std::size_t> inputs;
  for (std::size_t a = 0; a < p.window_height; ++a) {
    for (std::size_t b = 0; b < p.window_width; ++b)
      inputs.push_back((c * x.height + i * p.stride + a) * x.width + j * p.stride + b);
  }
  return inputs;
}

// Few distinct values, so that many windows tie.
template <class T>
Activations<T> tying_activations(const ActivationShape& shape, std::uint64_t seed) {
  Activations<T> x = random_activations<T>(shape, seed);
  for (std::size_t k = 0; k < x.size(); ++k) x.data()[k] = std::round(x.data()[k]);
  return x;
}

template <class T>
void check_max_pool(const ImageCase& c, const Pooling& pooling, Activation activation) {
  const ActivationShape outputs = c.with_image(pooling.output(c.image));
  const Activations<T> x = tying_activations<T>(c.shape(), 1);
  Activations<T> y(outputs);
  fill_interior(y, T(99));
  max_pool(pooling, activation, x, y);
  Activations<T> dy = random_activations<T>({outputs.image, c.batch, c.lanes, c.border}, 2, true);
  if (activation == Activation::relu) rectify_gradient(y, dy);
  Activations<T> dx(c.other_shape()), expected(c.shape());
  fill_interior(dx, T(99));
  max_pool_gradient(pooling, x, y, dy, dx);
  std::size_t wrong = 0;
  for (std::size_t f = 0; f < y.features(); ++f) {
    const std::vector<std::size_t> window = window_of(pooling, c.image, f);
    for (std::size_t i = 0; i < c.batch; ++i) {
      const std::size_t first_largest =
          *std::max_element(window.begin(), window.end(),
                            [&](std::size_t a, std::size_t b) { return x.at(a, i) < x.at(b, i); });
      const T largest = x.at(first_largest, i);
      wrong += y.at(f, i) != (activation == Activation::relu ? std::max(largest, T(0)) : largest);
      expected.at(first_largest, i) += dy.at(f, i);
    }
  }
  CHECK(wrong == 0);
  CHECK(worst_error(dx, [&](std::size_t f, std::size_t i) { return expected.at(f, i); }) < kTolerance);
  CHECK(border_is_zero(y));
  CHECK(border_is_zero(dx));
  CHECK(padding_is_zero(dx));
}

template <class T>
void check_average_pool(const ImageCase& c, const Pooling& pooling) {
  const ActivationShape outputs = c.with_image(pooling.output(c.image));
  const Activations<T> x = random_activations<T>(c.shape(), 1);
  Activations<T> y(outputs);
  fill_interior(y, T(99));
  average_pool(pooling, x, y);
  const Activations<T> dy = random_activations<T>({outputs.image, c.batch, c.lanes, c.border}, 2, true);
  Activations<T> dx(c.other_shape());
  Activations<double> mean(outputs), expected(c.shape());
  fill_interior(dx, T(99));
  average_pool_gradient(pooling, dy, dx);
  for (std::size_t f = 0; f < y.features(); ++f) {
    const std::vector<std::size_t> window = window_of(pooling, c.image, f);
    const double share = 1.0 / static_cast<double>(window.size());
    for (std::size_t i = 0; i < c.batch; ++i) {
      for (const std::size_t input : window) {
        mean.at(f, i) += share * static_cast<double>(x.at(input, i));
        expected.at(input, i) += share * static_cast<double>(dy.at(f, i));
      }
    }
  }
  CHECK(worst_error(y, [&](std::size_t f, std::size_t i) { return mean.at(f, i); }) < kTolerance);
  CHECK(worst_error(dx, [&](std::size_t f, std::size_t i) { return expected.at(f, i); }) < kTolerance);
  CHECK(border_is_zero(y));
  CHECK(border_is_zero(dx));
  CHECK(padding_is_zero(dx));
}

}  // namespace

TEMPLATE_TEST_CASE("Pooling and its gradients agree with plain loops on every instruction set", "[kernels]",
                   float, double) {
  on_every_target([] {
    for (const ImageCase& c : image_cases()) {
      INFO(c);
      for (const Pooling& p : poolings(c.image)) {
        INFO("window " << p.window_height << " x " << p.window_width << ", stride " << p.stride);
        for (const Activation activation : {Activation::identity, Activation::relu})
          check_max_pool<TestType>(c, p, activation);
        check_average_pool<TestType>(c, p);
      }
    }
  });
}

TEST_CASE("Gradients of pooling agree with difference quotients", "[kernels]") {
  const ImageCase c{{3, 7, 5}, 20, 16, 1, 2};
  for (const Pooling& p : poolings(c.image)) {
    Activations<double> x = random_activations<double>(c.shape(), 1), dx(c.other_shape()),
                        y(c.with_image(p.output(c.image)));
    const Activations<double> dy = random_activations<double>(y.shape(), 2, true);
    max_pool(p, Activation::identity, x, y);
    max_pool_gradient(p, x, y, dy, dx);
    CHECK(worst_gradient_error(
              x, dx, [&] { return max_pool(p, Activation::identity, x, y), inner_product(y, dy); }) < 1e-8);
    average_pool_gradient(p, dy, dx);
    CHECK(worst_gradient_error(x, dx, [&] { return average_pool(p, x, y), inner_product(y, dy); }) < 1e-8);
  }
}

TEST_CASE("Windows that leave inputs over drop them, and windows that do not fit are refused", "[kernels]") {
  CHECK(Pooling{2, 2, 2}.output({3, 7, 5}) == ImageShape{3, 3, 2});
  CHECK(Pooling{3, 3, 2}.output({3, 7, 5}) == ImageShape{3, 3, 2});
  CHECK(whole_image({3, 7, 5}).output({3, 7, 5}) == ImageShape{3, 1, 1});
  CHECK_THROWS_AS((Pooling{2, 2, 2}.output({3, 1, 1})), ConfigError);
  CHECK_THROWS_AS((Pooling{2, 2, 0}.output({3, 4, 4})), ConfigError);
  CHECK_THROWS_AS((Pooling{0, 2, 2}.output({3, 4, 4})), ConfigError);
}
