#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"
#include "ltlab/kernels/activation.h"

namespace ltlab {

/// Does the same as DenseConvolution, in double by plain loops.
class PlainConvolution {
 public:
  explicit PlainConvolution(const ConvolutionShape& shape) : shape_(shape) {}

  void forward(const double* weights, const double* bias, Activation activation, const Activations<double>& x,
               Activations<double>& y) const {
    const double floor = activation == Activation::relu ? 0.0 : std::numeric_limits<double>::lowest();
    each_row(y, [&](double* row, std::size_t o) { std::fill_n(row, row_size(y), bias ? bias[o] : 0.0); });
    each_product(x, y, [&](std::size_t w, const double* from, double* to) {
      for (std::size_t l = 0; l < kLaneMultiple; ++l) to[l] += weights[w] * from[l];
    });
    each_row(y, [&](double* row, std::size_t) {
      std::for_each_n(row, row_size(y), [&](double& value) { value = std::max(value, floor); });
    });
  }

  void backward_data(const double* weights, const Activations<double>& dy, Activations<double>& dx) const {
    each_row(dx, [&](double* row, std::size_t) { std::fill_n(row, row_size(dx), 0.0); });
    each_product(dx, dy, [&](std::size_t w, double* to, const double* from) {
      for (std::size_t l = 0; l < kLaneMultiple; ++l) to[l] += weights[w] * from[l];
    });
  }

  void backward_weights(const Activations<double>& dy, const Activations<double>& x, bool accumulate,
                        double* gradient) const {
    if (!accumulate) std::fill_n(gradient, element_count(shape_.weights()), 0.0);
    each_product(x, dy, [&](std::size_t w, const double* left, const double* right) {
      for (std::size_t l = 0; l < kLaneMultiple; ++l) gradient[w] += left[l] * right[l];
    });
  }

 private:
  static std::size_t row_size(const Activations<double>& a) { return a.image().width * kLaneMultiple; }

  // Calls body(row, its channel) for each row of all panels.
  template <class Body>
  static void each_row(Activations<double>& a, const Body& body) {
    for (std::size_t p = 0; p < a.panels(); ++p)
      for (std::size_t c = 0; c < a.image().channels; ++c)
        for (std::size_t i = 0; i < a.image().height; ++i) body(a.row(p, c, i), c);
  }

  // Calls body(number of the weight, the lanes of x, those of y) wherever a kernel's weight meets an input.
  template <class X, class Y, class Body>
  void each_product(X& x, Y& y, const Body& body) const {
    const ImageShape in = shape_.input, out = shape_.output();
    for (std::size_t p = 0; p < x.panels(); ++p)
      for (std::size_t w = 0; w < element_count(shape_.weights()); ++w) {
        const std::size_t b = w % shape_.kernel_width, a = w / shape_.kernel_width % shape_.kernel_height,
                          channel = w / shape_.kernel_width / shape_.kernel_height;
        for (std::size_t i = 0; i < out.height; ++i)
          for (std::size_t j = 0; j < out.width; ++j) {
            // Positions left of or above the image wrap around to huge ones.
            const std::size_t row = i * shape_.stride + a - shape_.padding,
                              column = j * shape_.stride + b - shape_.padding;
            if (row < in.height && column < in.width)
              body(w, x.row(p, channel % in.channels, row) + column * kLaneMultiple,
                   y.row(p, channel / in.channels, i) + j * kLaneMultiple);
          }
      }
  }

  ConvolutionShape shape_;
};

}  // namespace ltlab
