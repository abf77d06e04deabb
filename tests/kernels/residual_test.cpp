#include "ltlab/kernels/residual.h"

#include <catch2/catch.hpp>

#include "ltlab/kernels/elementwise.h"
#include "support/every_target.h"
#include "support/image_cases.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

template <class T>
void check_addition(const ImageCase& c, Activation activation) {
  const Activations<T> a = random_activations<T>(c.shape(), 1), b = random_activations<T>(c.other_shape(), 2);
  Activations<T> y(c.other_shape());
  add_and_activate(activation, a, b, y);
  const Activations<T> dy = random_activations<T>(c.shape(), 3, true);
  const Activations<T> earlier = random_activations<T>(c.other_shape(), 4, true);
  Activations<T> sum = earlier;
  add_gradient(activation, y, dy, sum);
  std::size_t wrong = 0;
  for (std::size_t f = 0; f < y.features(); ++f) {
    for (std::size_t i = 0; i < c.batch; ++i) {
      const T z = a.at(f, i) + b.at(f, i);
      const bool passes = activation == Activation::identity || z > 0;
      wrong += y.at(f, i) != (passes ? z : T(0));
      wrong += sum.at(f, i) != (passes ? earlier.at(f, i) + dy.at(f, i) : T(0));
    }
  }
  CHECK(wrong == 0);
  Activations<T> in_place = b;
  add_and_activate(activation, a, in_place, in_place);
  CHECK(worst_error(in_place, [&](std::size_t f, std::size_t i) { return y.at(f, i); }) == 0);
  for (const Activations<T>* result : {&y, &sum, &in_place}) CHECK(border_is_zero(*result));
  CHECK(padding_is_zero(sum));
}

ImageShape subsampled(const ImageShape& image, std::size_t stride) {
  return {2 * image.channels, (image.height + stride - 1) / stride, (image.width + stride - 1) / stride};
}

template <class T>
void check_shortcut(const ImageCase& c, std::size_t stride) {
  const ImageShape outputs = subsampled(c.image, stride);
  const Activations<T> x = random_activations<T>(c.shape(), 1);
  Activations<T> y(c.with_image(outputs));
  fill_interior(y, T(99));
  subsample_channels(stride, x, y);
  const Activations<T> dy = random_activations<T>(y.shape(), 2, true);
  const Activations<T> earlier = random_activations<T>(c.shape(), 3, true);
  Activations<T> dx = earlier, expected(c.shape());
  add_subsample_channels_gradient(stride, dy, dx);
  std::size_t wrong = 0;
  for (std::size_t f = 0; f < y.features(); ++f) {
    const std::size_t channel = f / (outputs.height * outputs.width), i = f / outputs.width % outputs.height,
                      j = f % outputs.width;
    const bool padded = channel >= c.image.channels;
    const std::size_t from = (channel * c.image.height + i * stride) * c.image.width + j * stride;
    for (std::size_t image = 0; image < c.batch; ++image) {
      wrong += y.at(f, image) != (padded ? T(0) : x.at(from, image));
      if (!padded) expected.at(from, image) = dy.at(f, image);
    }
  }
  CHECK(wrong == 0);
  CHECK(worst_error(dx, [&](std::size_t f, std::size_t i) { return earlier.at(f, i) + expected.at(f, i); }) ==
        0);
  CHECK(border_is_zero(dx));
  CHECK(padding_is_zero(dx));
  CHECK(border_is_zero(y));
}

}  // namespace

TEMPLATE_TEST_CASE("Residual addition and its gradient agree with plain loops on every instruction set",
                   "[kernels]", float, double) {
  on_every_target([] {
    for (const ImageCase& c : image_cases()) {
      INFO(c);
      check_addition<TestType>(c, Activation::identity);
      check_addition<TestType>(c, Activation::relu);
    }
  });
}

TEMPLATE_TEST_CASE("The shortcut without parameters subsamples and pads channels with zeros", "[kernels]",
                   float, double) {
  for (const ImageCase& c : image_cases()) {
    INFO(c);
    for (const std::size_t stride : {1, 2, 3}) check_shortcut<TestType>(c, stride);
  }
}

TEST_CASE("Gradients of residual branches agree with difference quotients", "[kernels]") {
  const ImageCase c{{3, 7, 5}, 20, 16, 1, 2};
  Activations<double> z = random_activations<double>(c.shape(), 1), x(c.shape());
  const Activations<double> none(c.shape());
  Activations<double> branch(c.with_image(subsampled(c.image, 2))), y = branch;
  const Activations<double> other = random_activations<double>(branch.shape(), 2);
  const Activations<double> dy = random_activations<double>(branch.shape(), 3, true);
  const Activations<double> dx_of_reader = random_activations<double>(c.shape(), 4, true);
  // x = relu(z) is read by a shortcut, and by something else whose gradient is known.
  const auto loss = [&] {
    add_and_activate(Activation::relu, z, none, x);
    subsample_channels(2, x, branch);
    add_and_activate(Activation::relu, branch, other, y);
    return inner_product(y, dy) + inner_product(x, dx_of_reader);
  };
  loss();
  Activations<double> dbranch(branch.shape()), dx(c.shape());
  add_gradient(Activation::relu, y, dy, dbranch);
  add_subsample_channels_gradient(2, dbranch, dx);
  add_gradient(Activation::relu, x, dx_of_reader, dx);
  CHECK(worst_gradient_error(z, dx, loss) < 1e-8);
}
