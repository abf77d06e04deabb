#pragma once

#include <algorithm>
#include <cstddef>

#include "ltlab/base/activations.h"

namespace ltlab {

/// Where residual branches join, add_and_activate() (kernels/elementwise.h) adds them. Here is the shortcut
/// between blocks of different shape, of the paper named there. Batches and lanes of all operands agree,
/// borders may differ; only interiors are read and written. Copies run over whole cache lines, and memory
/// limits their speed: any instruction set will do.

/// Computes the shortcut without parameters (the paper's option A): y(c, i,
/// j) = x(c, i stride, j stride), and 0 in the channels that x does not have. y is {channels >= x's,
/// ceil(height / stride), ceil(width / stride)}; stride >= 1.
template <class T>
void subsample_channels(std::size_t stride, const Activations<T>& x, Activations<T>& y) {
  const ImageShape& image = y.image();
  const std::size_t lanes = y.lanes();
  for (std::size_t p = 0; p < y.panels(); ++p) {
    for (std::size_t c = 0; c < image.channels; ++c) {
      for (std::size_t i = 0; i < image.height; ++i) {
        T* out = y.row(p, c, i);
        if (c >= x.image().channels) {
          std::fill_n(out, image.width * lanes, T(0));
          continue;
        }
        const T* in = x.row(p, c, i * stride);
        for (std::size_t j = 0; j < image.width; ++j)
          std::copy_n(in + j * stride * lanes, lanes, out + j * lanes);
      }
    }
  }
}

/// Adds the gradient of subsample_channels to dx: dx(i stride, j stride) += dy(i, j).
template <class T>
void add_subsample_channels_gradient(std::size_t stride, const Activations<T>& dy, Activations<T>& dx) {
  const ImageShape& image = dy.image();
  const std::size_t lanes = dy.lanes();
  for (std::size_t p = 0; p < dy.panels(); ++p) {
    for (std::size_t c = 0; c < dx.image().channels; ++c) {
      for (std::size_t i = 0; i < image.height; ++i) {
        const T* from = dy.row(p, c, i);
        T* to = dx.row(p, c, i * stride);
        for (std::size_t j = 0; j < image.width; ++j)
          for (std::size_t l = 0; l < lanes; ++l) to[j * stride * lanes + l] += from[j * lanes + l];
      }
    }
  }
}

}  // namespace ltlab
