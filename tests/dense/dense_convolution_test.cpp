#include "ltlab/dense/dense_convolution.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/dense/channel_blocks.h"
#include "support/plain_convolution.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

template <class To, class From>
AlignedVector<To> convert(const AlignedVector<From>& values) {
  return {values.begin(), values.end()};
}

Activations<double> to_double(const Activations<float>& a) {
  Activations<double> result(a.shape());
  std::copy_n(a.data(), a.size(), result.data());
  return result;
}
Activations<double> to_double(const Activations<double>& a) {
  return a;
}

// Every value, borders and padding lanes too, set to one that no product computes.
constexpr double kUntouched = 1234.5;
template <class T>
Activations<T> untouched(const ActivationShape& shape) {
  Activations<T> result(shape);
  std::fill_n(result.data(), result.size(), static_cast<T>(kUntouched));
  return result;
}

// Whether `position` of a panel lies in a border.
bool in_border(const ActivationShape& shape, std::size_t position) {
  const std::size_t y = position % shape.channel_positions() / shape.row_positions(),
                    x = position % shape.row_positions();
  return y < shape.border || y >= shape.border + shape.image.height || x < shape.border ||
         x >= shape.border + shape.image.width;
}

// Compares the images of the batch; borders must be untouched, padding lanes finite or zero.
template <class T>
void require_equal(const Activations<T>& computed, const Activations<double>& expected, double margin,
                   bool zero_padding) {
  const ActivationShape& shape = computed.shape();
  for (std::size_t f = 0; f < computed.features(); ++f)
    for (std::size_t n = 0; n < computed.panels() * computed.lanes(); ++n) {
      const double value = static_cast<double>(computed.at(f, n));
      const bool right = n < computed.batch() ? std::abs(value - expected.at(f, n)) <= margin
                         : zero_padding       ? value == 0
                                              : std::isfinite(value) && value != kUntouched;
      if (!right) FAIL("feature " << f << ", image " << n << ": " << value << " for " << expected.at(f, n));
    }
  for (std::size_t p = 0; p < computed.panels(); ++p)
    for (std::size_t i = 0; i < shape.panel_size(); ++i)
      if (in_border(shape, i / shape.lanes) && computed.panel(p)[i] != static_cast<T>(kUntouched))
        FAIL("border at " << i << " of panel " << p << ": " << computed.panel(p)[i]);
}

struct Borders {
  std::size_t x = 0, y = 0, dy = 0, dx = 0;
};

template <class T>
void compare_with_plain_loops(DenseConvolution<T>& convolution, const ConvolutionShape& shape,
                              std::size_t batch, const Borders& borders = {}) {
  INFO(shape.input.channels << " x " << shape.input.height << " x " << shape.input.width << " to "
                            << shape.outputs << ", kernel " << shape.kernel_height << " x "
                            << shape.kernel_width << ", stride " << shape.stride << ", padding "
                            << shape.padding << ", batch " << batch << ", borders " << borders.x << borders.y
                            << borders.dy << borders.dx);
  const auto extent = [&](const ImageShape& image, std::size_t border) {
    return ActivationShape{image, batch, kLaneMultiple, border};
  };
  const AlignedVector<T> weights = random_values<T>(element_count(shape.weights()), 1);
  const AlignedVector<T> bias = random_values<T>(shape.outputs, 2);
  const Activations<T> x = random_activations<T>(extent(shape.input, borders.x), 3);
  const Activations<T> dy = random_activations<T>(extent(shape.output(), borders.dy), 4, true);
  const AlignedVector<double> weights_double = convert<double>(weights), bias_double = convert<double>(bias);
  const Activations<double> x_double = to_double(x), dy_double = to_double(dy);
  const double precision = std::is_same_v<T, float> ? 1e-6 : 1e-14;

  const double forward_margin =
      precision * static_cast<double>(shape.input.channels * shape.kernel_height * shape.kernel_width + 10);
  for (const Activation activation : {Activation::identity, Activation::relu})
    for (const bool with_bias : {true, false}) {
      auto y = untouched<T>(extent(shape.output(), borders.y));
      Activations<double> expected(y.shape());
      convolution.forward(weights.data(), with_bias ? bias.data() : nullptr, activation, x, y);
      plain_forward(shape, weights_double.data(), with_bias ? bias_double.data() : nullptr, activation,
                    x_double, expected);
      require_equal(y, expected, forward_margin, false);
    }

  auto dx = untouched<T>(extent(shape.input, borders.dx));
  Activations<double> expected(dx.shape());
  convolution.backward_data(weights.data(), dy, dx);
  plain_backward_data(shape, weights_double.data(), dy_double, expected);
  require_equal(
      dx, expected,
      precision * static_cast<double>(shape.outputs * shape.kernel_height * shape.kernel_width + 10), true);

  AlignedVector<T> gradient(weights.size(), static_cast<T>(kUntouched));
  AlignedVector<double> expected_gradient(weights.size());
  convolution.backward_weights(dy, x, false, gradient.data());
  convolution.backward_weights(dy, x, true, gradient.data());  // once more, on top
  plain_backward_weights(shape, dy_double, x_double, expected_gradient.data());
  const std::size_t terms = batch * shape.output().height * shape.output().width;
  for (std::size_t w = 0; w < gradient.size(); ++w)
    if (!(std::abs(static_cast<double>(gradient[w]) - 2 * expected_gradient[w]) <=
          precision * static_cast<double>(terms + 10)))
      FAIL("weight " << w << ": " << gradient[w] << " for " << 2 * expected_gradient[w]);
  SUCCEED();
}

// The same activations in blocks of channels.
Activations<float> in_blocks(const Activations<float>& a) {
  const std::size_t block = dense_channel_block(), positions = a.image().height * a.image().width;
  Activations<float> result(in_channel_blocks(a.shape(), block));
  for (std::size_t f = 0; f < a.features(); ++f)
    for (std::size_t n = 0; n < a.batch(); ++n) {
      const std::size_t channel = f / positions;
      result.at(channel / block * positions + f % positions, n * block + channel % block) = a.at(f, n);
    }
  return result;
}

void require_same_images(const Activations<float>& found, const Activations<float>& expected) {
  REQUIRE(found.shape() == expected.shape());
  for (std::size_t f = 0; f < expected.features(); ++f)
    for (std::size_t n = 0; n < expected.batch(); ++n)
      REQUIRE(found.at(f, n) == Approx(expected.at(f, n)).margin(1e-5));
}

}  // namespace

TEMPLATE_TEST_CASE("Dense convolutions equal plain loops, for every kernel, stride and padding", "[dense]",
                   float, double) {
  for (const std::size_t kernel : {1, 3, 5})
    for (const std::size_t stride : {1, 2})
      for (const std::size_t padding : {0, 1, 2})
        for (const auto& [inputs, outputs] : {std::pair{3, 17}, {17, 3}, {16, 32}}) {
          const ConvolutionShape shape{{static_cast<std::size_t>(inputs), 7, 5},
                                       static_cast<std::size_t>(outputs),
                                       kernel,
                                       kernel,
                                       stride,
                                       padding};
          DenseConvolution<TestType> convolution(shape);
          compare_with_plain_loops(convolution, shape, 20, {padding, 1, 1, padding});
        }
}

TEMPLATE_TEST_CASE("A dense convolution takes batches of any size in turn, and any borders", "[dense]", float,
                   double) {
  const ConvolutionShape shape{{17, 7, 5}, 18, 3, 3, 1, 1};
  DenseConvolution<TestType> convolution(shape);
  for (const std::size_t batch : {60, 1, 16, 20, 60, 130})
    compare_with_plain_loops(convolution, shape, batch);
  for (const Borders& borders : {Borders{0, 1, 2, 0}, Borders{1, 0, 0, 2}, Borders{2, 2, 1, 1}})
    compare_with_plain_loops(convolution, shape, 20, borders);
}

TEST_CASE("A dense convolution of few weights goes through a batch in several runs", "[dense]") {
  for (const ConvolutionShape& shape :
       {ConvolutionShape{{3, 32, 32}, 16, 3, 3, 1, 1}, ConvolutionShape{{16, 16, 16}, 16, 3, 3, 1, 1},
        ConvolutionShape{{16, 9, 9}, 32, 1, 1, 2, 0}, ConvolutionShape{{64, 4, 4}, 64, 3, 3, 1, 1},
        ConvolutionShape{{4, 9, 8}, 6, 2, 3, 1, 0}}) {
    DenseConvolution<float> convolution(shape);
    compare_with_plain_loops(convolution, shape, 60, {1, 1, 1, 1});
  }
}

TEST_CASE("A dense convolution takes blocks of channels for either side, and gives the same", "[dense]") {
  const ConvolutionShape shape{{16, 7, 5}, 32, 3, 3, 1, 1};
  DenseConvolution<float> convolution(shape);
  const AlignedVector<float> weights = random_values<float>(element_count(shape.weights()), 1),
                             bias = random_values<float>(shape.outputs, 2);
  for (const std::size_t batch : {1, 12, 16, 60}) {
    const ActivationShape x_shape{shape.input, batch, kLaneMultiple, 0},
        y_shape{shape.output(), batch, kLaneMultiple, 0};
    const Activations<float> x = random_activations<float>(x_shape, 3),
                             dy = random_activations<float>(y_shape, 4, true);
    Activations<float> y(y_shape), dx(x_shape);
    AlignedVector<float> gradient(weights.size());
    convolution.forward(weights.data(), bias.data(), Activation::relu, x, y);
    convolution.backward_data(weights.data(), dy, dx);
    convolution.backward_weights(dy, x, false, gradient.data());
    for (const auto& [x_in_blocks, y_in_blocks] : {std::pair{true, true}, {true, false}, {false, true}}) {
      INFO("batch " << batch << ", x in blocks " << x_in_blocks << ", y in blocks " << y_in_blocks);
      const Activations<float> x_given = x_in_blocks ? in_blocks(x) : x,
                               dy_given = y_in_blocks ? in_blocks(dy) : dy;
      Activations<float> y_found((y_in_blocks ? in_blocks(y) : y).shape()), dx_found(x_given.shape());
      AlignedVector<float> gradient_found(weights.size());
      convolution.forward(weights.data(), bias.data(), Activation::relu, x_given, y_found);
      convolution.backward_data(weights.data(), dy_given, dx_found);
      convolution.backward_weights(dy_given, x_given, false, gradient_found.data());
      require_same_images(y_found, y_in_blocks ? in_blocks(y) : y);
      require_same_images(dx_found, x_in_blocks ? in_blocks(dx) : dx);
      for (std::size_t w = 0; w < gradient.size(); ++w)
        REQUIRE(gradient_found[w] == Approx(gradient[w]).margin(1e-4));
    }
  }
}

TEST_CASE("A dense convolution refuses activations of other extents", "[dense]") {
  const ConvolutionShape shape{{3, 8, 8}, 4, 3, 3, 1, 1};
  DenseConvolution<float> convolution(shape);
  const AlignedVector<float> weights(element_count(shape.weights()));
  const auto call = [&](const ActivationShape& x_shape, const ActivationShape& y_shape) {
    const Activations<float> x(x_shape);
    Activations<float> y(y_shape);
    convolution.forward(weights.data(), nullptr, Activation::identity, x, y);
  };
  CHECK_NOTHROW(call({{3, 8, 8}, 20, 16, 1}, {{4, 8, 8}, 20, 16, 0}));
  CHECK_THROWS_AS(call({{3, 8, 7}, 20, 16, 1}, {{4, 8, 8}, 20, 16, 0}), ConfigError);
  CHECK_THROWS_AS(call({{3, 8, 8}, 20, 16, 1}, {{4, 6, 6}, 20, 16, 0}), ConfigError);
  CHECK_THROWS_AS(call({{3, 8, 8}, 20, 16, 1}, {{4, 8, 8}, 19, 16, 0}), ConfigError);
  CHECK_THROWS_AS(call({{3, 8, 8}, 20, 32, 1}, {{4, 8, 8}, 20, 32, 0}), ConfigError);
}
