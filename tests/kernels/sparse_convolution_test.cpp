#include "ltlab/kernels/sparse_convolution.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "ltlab/base/error.h"
#include "ltlab/kernels/elementwise.h"
#include "support/every_target.h"
#include "support/image_cases.h"
#include "support/plain_convolution.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

struct Case {
  ConvolutionShape shape;
  std::size_t batch;
  double density;
  std::size_t more_border;  // than needed
};

std::vector<Case> cases() {
  return {
      {{{3, 7, 5}, 4, 3, 3, 1, 1}, 20, 0.4, 0},    {{{17, 9, 11}, 5, 3, 3, 1, 1}, 16, 0.1, 1},
      {{{6, 8, 8}, 9, 3, 3, 2, 1}, 60, 0.2, 0},    {{{4, 7, 9}, 3, 3, 3, 2, 1}, 1, 1.0, 1},
      {{{5, 6, 7}, 8, 1, 1, 1, 0}, 33, 0.3, 0},    {{{5, 6, 7}, 8, 1, 1, 1, 0}, 17, 0.3, 2},
      {{{8, 5, 5}, 4, 1, 1, 2, 0}, 20, 0.5, 0},    {{{2, 12, 12}, 6, 5, 5, 1, 2}, 20, 0.2, 0},
      {{{2, 14, 13}, 6, 5, 5, 1, 0}, 20, 0.2, 0},  {{{3, 11, 10}, 4, 5, 3, 3, 1}, 20, 0.4, 0},
      {{{12, 2, 2}, 7, 3, 3, 1, 1}, 128, 0.2, 0},  {{{12, 1, 1}, 7, 3, 3, 1, 1}, 60, 0.2, 0},
      {{{40, 16, 16}, 6, 3, 3, 1, 1}, 16, 0.9, 0},  // several windows
      {{{3, 6, 6}, 4, 3, 3, 1, 1}, 20, 0.0, 0},    {{{3, 6, 6}, 2, 2, 4, 2, 3}, 20, 0.6, 0},
  };
}

template <class T>
double largest_difference(const Activations<T>& a, const Activations<double>& b) {
  double largest = 0;
  for (std::size_t f = 0; f < a.features(); ++f)
    for (std::size_t i = 0; i < a.batch(); ++i)
      largest = std::max(largest,
                         std::abs(static_cast<double>(a.at(f, i)) - b.at(f, i)) / (1 + std::abs(b.at(f, i))));
  return largest;
}

template <class T>
Activations<double> as_doubles(const Activations<T>& a) {
  Activations<double> result(a.shape());
  std::copy(a.data(), a.data() + a.size(), result.data());
  return result;
}

template <class T>
void check_products(const Case& c) {
  const ConvolutionShape& s = c.shape;
  const std::size_t x_border = input_border(s) + c.more_border,
                    dy_border = gradient_border(s) + c.more_border;
  const Mask mask = random_mask("w", s.weights(), c.density, 1);
  const SparseConvolution convolution(s, mask.keep, x_border, dy_border);
  REQUIRE(convolution.survivors() == mask.survivors());
  const AlignedVector<T> dense = random_values<T>(mask.size(), 2), bias = random_values<T>(s.outputs, 3);
  AlignedVector<T> compact, transposed;
  AlignedVector<double> masked, bias_double(bias.begin(), bias.end());
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) compact.push_back(dense[i]);
    masked.push_back(mask.keep[i] ? dense[i] : T(0));
  }
  for (const std::uint32_t k : convolution.transposed_order()) transposed.push_back(compact[k]);
  const double tolerance = 500 * static_cast<double>(std::numeric_limits<T>::epsilon());

  const Activations<T> x = random_activations<T>({s.input, c.batch, 16, x_border}, 4);
  Activations<T> y({s.output(), c.batch, 16, c.more_border});
  Activations<double> expected_y(y.shape());
  convolution.forward(compact.data(), bias.data(), Activation::relu, x, y);
  plain_forward(s, masked.data(), bias_double.data(), Activation::relu, as_doubles(x), expected_y);
  CHECK(largest_difference(y, expected_y) < tolerance);
  CHECK(border_is_zero(y));
  convolution.forward<T>(compact.data(), nullptr, Activation::identity, x, y);
  plain_forward<double>(s, masked.data(), nullptr, Activation::identity, as_doubles(x), expected_y);
  CHECK(largest_difference(y, expected_y) < tolerance);

  const Activations<T> dy = random_activations<T>({s.output(), c.batch, 16, dy_border}, 5, true);
  Activations<T> dx({s.input, c.batch, 16, c.more_border});
  Activations<double> expected_dx(dx.shape());
  convolution.backward_data<T>(transposed.data(), dy, nullptr, dx);
  plain_backward_data(s, masked.data(), as_doubles(dy), expected_dx);
  CHECK(largest_difference(dx, expected_dx) < tolerance);
  CHECK(border_is_zero(dx));
  convolution.backward_data(transposed.data(), dy, &x, dx);  // as if x were a ReLU's output
  rectify_gradient(as_doubles(x), expected_dx);
  CHECK(largest_difference(dx, expected_dx) < tolerance);
  CHECK(border_is_zero(dx));

  AlignedVector<T> gradient(compact.size(), T(99));
  AlignedVector<double> expected(mask.size());
  convolution.backward_weights(dy, x, false, gradient.data());
  convolution.backward_weights(dy, x, true, gradient.data());  // once more, on top
  plain_backward_weights(s, as_doubles(dy), as_doubles(x), expected.data());
  for (double& value : expected) value *= 2;
  double largest = 0;
  std::size_t k = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i])
      largest = std::max(
          largest, std::abs(static_cast<double>(gradient[k++]) - expected[i]) / (1 + std::abs(expected[i])));
  }
  CHECK(largest < 2 * tolerance);
}

}  // namespace

TEMPLATE_TEST_CASE("Sparse convolutions agree with plain loops on every instruction set", "[kernels]", float,
                   double) {
  on_every_target([] {
    for (const Case& c : cases()) {
      const ConvolutionShape& s = c.shape;
      INFO(s.input.channels << "x" << s.input.height << "x" << s.input.width << " to " << s.outputs
                            << ", kernel " << s.kernel_height << "x" << s.kernel_width << ", stride "
                            << s.stride << ", padding " << s.padding << ", batch " << c.batch << ", density "
                            << c.density);
      check_products<TestType>(c);
    }
  });
}

TEST_CASE("A convolution says which borders it needs", "[kernels]") {
  const ConvolutionShape same{{2, 8, 8}, 2, 3, 3, 1, 1};
  CHECK(input_border(same) == 1);
  CHECK(gradient_border(same) == 1);
  CHECK(gradient_border({{2, 8, 8}, 2, 3, 3, 2, 1}) == 1);
  CHECK(gradient_border({{2, 8, 8}, 2, 5, 5, 1, 0}) == 4);
  CHECK(gradient_border({{2, 8, 8}, 2, 1, 1, 1, 0}) == 0);
  const Mask mask = full_mask("w", same.weights());
  CHECK_THROWS_AS(SparseConvolution(same, mask.keep, 0, 1), ConfigError);
  CHECK_THROWS_AS(SparseConvolution(same, mask.keep, 1, 0), ConfigError);
}
