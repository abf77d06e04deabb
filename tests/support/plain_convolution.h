#pragma once

#include <algorithm>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"
#include "ltlab/kernels/sparse_products.h"
#include "support/test_data.h"

namespace ltlab::test {

/// Calls body(weight's index, input's feature, output's feature) for every product that ConvolutionShape's
/// formula sums.
template <class Body>
void for_each_product(const ConvolutionShape& s, const Body& body) {
  const ImageShape out = s.output();
  std::size_t output = 0;
  for (std::size_t o = 0; o < s.outputs; ++o)
    for (std::size_t i = 0; i < out.height; ++i)
      for (std::size_t j = 0; j < out.width; ++j, ++output)
        for (std::size_t c = 0; c < s.input.channels; ++c)
          for (std::size_t a = 0; a < s.kernel_height; ++a)
            for (std::size_t b = 0; b < s.kernel_width; ++b) {
              const std::size_t weight =
                  ((o * s.input.channels + c) * s.kernel_height + a) * s.kernel_width + b;
              const std::size_t y = i * s.stride + a, x = j * s.stride + b;
              if (y < s.padding || y >= s.input.height + s.padding) continue;
              if (x < s.padding || x >= s.input.width + s.padding) continue;
              body(weight, (c * s.input.height + y - s.padding) * s.input.width + x - s.padding, output);
            }
}

/// The three products of a convolution, value by value, for tests to compare with. Only the images of the
/// batch are computed: padding lanes and borders stay as they are.
template <class T>
void plain_forward(const ConvolutionShape& shape, const T* weights, const T* bias, Activation activation,
                   const Activations<T>& x, Activations<T>& y) {
  const std::size_t plane = shape.output().height * shape.output().width;
  for (std::size_t f = 0; f < y.features(); ++f)
    for (std::size_t n = 0; n < y.batch(); ++n) y.at(f, n) = bias ? bias[f / plane] : T(0);
  for_each_product(shape, [&](std::size_t weight, std::size_t input, std::size_t output) {
    for (std::size_t n = 0; n < y.batch(); ++n) y.at(output, n) += weights[weight] * x.at(input, n);
  });
  if (activation == Activation::identity) return;
  for (std::size_t f = 0; f < y.features(); ++f)
    for (std::size_t n = 0; n < y.batch(); ++n) y.at(f, n) = std::max(y.at(f, n), T(0));
}

template <class T>
void plain_backward_data(const ConvolutionShape& shape, const T* weights, const Activations<T>& dy,
                         Activations<T>& dx) {
  for (std::size_t f = 0; f < dx.features(); ++f)
    for (std::size_t n = 0; n < dx.batch(); ++n) dx.at(f, n) = T(0);
  for_each_product(shape, [&](std::size_t weight, std::size_t input, std::size_t output) {
    for (std::size_t n = 0; n < dx.batch(); ++n) dx.at(input, n) += weights[weight] * dy.at(output, n);
  });
}

template <class T>
void plain_backward_weights(const ConvolutionShape& shape, const Activations<T>& dy, const Activations<T>& x,
                            T* gradient) {
  std::fill_n(gradient, element_count(shape.weights()), T(0));
  for_each_product(shape, [&](std::size_t weight, std::size_t input, std::size_t output) {
    for (std::size_t n = 0; n < x.batch(); ++n) gradient[weight] += dy.at(output, n) * x.at(input, n);
  });
}

}  // namespace ltlab::test
