#pragma once

#include <algorithm>
#include <vector>

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

/// The images of a batch as a plain array (features, images), which loops walk faster than a view, under
/// sanitizers most of all; and back: padding lanes and borders stay as they are.
template <class T>
std::vector<T> plain_images(const Activations<T>& activations) {
  std::vector<T> values;
  values.reserve(activations.features() * activations.batch());
  for (std::size_t f = 0; f < activations.features(); ++f)
    for (std::size_t n = 0; n < activations.batch(); ++n) values.push_back(activations.at(f, n));
  return values;
}

template <class T>
void put_images(const std::vector<T>& values, Activations<T>& activations) {
  for (std::size_t f = 0; f < activations.features(); ++f)
    for (std::size_t n = 0; n < activations.batch(); ++n)
      activations.at(f, n) = values[f * activations.batch() + n];
}

/// The three products of a convolution, value by value, for tests to compare with.
template <class T>
void plain_forward(const ConvolutionShape& shape, const T* weights, const T* bias, Activation activation,
                   const Activations<T>& x, Activations<T>& y) {
  const std::size_t plane = shape.output().height * shape.output().width, batch = y.batch();
  const std::vector<T> inputs = plain_images(x);
  std::vector<T> outputs(y.features() * batch);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = bias ? bias[i / batch / plane] : T(0);
  for_each_product(shape, [&](std::size_t weight, std::size_t input, std::size_t output) {
    const T* const from = &inputs[input * batch];
    T* const to = &outputs[output * batch];
    for (std::size_t n = 0; n < batch; ++n) to[n] += weights[weight] * from[n];
  });
  if (activation != Activation::identity)
    for (T& value : outputs) value = std::max(value, T(0));
  put_images(outputs, y);
}

template <class T>
void plain_backward_data(const ConvolutionShape& shape, const T* weights, const Activations<T>& dy,
                         Activations<T>& dx) {
  const std::size_t batch = dx.batch();
  const std::vector<T> outputs = plain_images(dy);
  std::vector<T> inputs(dx.features() * batch);
  for_each_product(shape, [&](std::size_t weight, std::size_t input, std::size_t output) {
    const T* const from = &outputs[output * batch];
    T* const to = &inputs[input * batch];
    for (std::size_t n = 0; n < batch; ++n) to[n] += weights[weight] * from[n];
  });
  put_images(inputs, dx);
}

template <class T>
void plain_backward_weights(const ConvolutionShape& shape, const Activations<T>& dy, const Activations<T>& x,
                            T* gradient) {
  const std::size_t batch = x.batch();
  const std::vector<T> inputs = plain_images(x), outputs = plain_images(dy);
  std::fill_n(gradient, element_count(shape.weights()), T(0));
  for_each_product(shape, [&](std::size_t weight, std::size_t input, std::size_t output) {
    const T *const in = &inputs[input * batch], *const out = &outputs[output * batch];
    for (std::size_t n = 0; n < batch; ++n) gradient[weight] += out[n] * in[n];
  });
}

}  // namespace ltlab::test
