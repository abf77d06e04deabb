#pragma once

#include <cstddef>

#include "ltlab/base/activations.h"
#include "ltlab/kernels/activation.h"

namespace ltlab {

/// Functions for the places where residual branches join and part (He et al. 2016, "Deep residual learning
/// for image recognition", section 3). Batches and lanes of all operands agree, borders may differ; only
/// interiors are read and written. T is float or double.

/// Computes y = f(a + b), all of one image shape. y may be a or b.
template <class T>
void add_and_activate(Activation activation, const Activations<T>& a, const Activations<T>& b,
                      Activations<T>& y);

/// Computes the gradient where y = f(z) has two readers, whose gradients are dy and other_dy: dy becomes the
/// gradient of z, (dy + other_dy) where y > 0 (everywhere, without ReLU) and 0 elsewhere.
template <class T>
void add_gradient(Activation activation, const Activations<T>& y, const Activations<T>& other_dy,
                  Activations<T>& dy);

/// Computes the shortcut without parameters between blocks of different shape (the paper's option A): y(c, i,
/// j) = x(c, i stride, j stride), and 0 in the channels that x does not have. y is {channels >= x's,
/// ceil(height / stride), ceil(width / stride)}; stride >= 1.
template <class T>
void subsample_channels(std::size_t stride, const Activations<T>& x, Activations<T>& y);

/// Adds the gradient of subsample_channels to dx: dx(i stride, j stride) += dy(i, j).
template <class T>
void add_subsample_channels_gradient(std::size_t stride, const Activations<T>& dy, Activations<T>& dx);

}  // namespace ltlab
