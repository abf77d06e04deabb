#pragma once

#include "ltlab/base/activations.h"
#include "ltlab/kernels/sparse_products.h"

namespace ltlab {

/// The three products of training a sparse linear layer. W is [outputs x inputs] with the structure `rows`,
/// `values` its survivors in that order; X, Y, dX, dY are activations without border. T is float or double.
/// A result does not depend on the other images of a batch.

/// Returns the run of a linear layer: the panels of a batch are its positions.
template <class T>
PositionRun over_panels(const Activations<T>& x, const Activations<T>& y) {
  const std::size_t lanes = y.lanes(), x_panel = x.shape().panel_size(), y_panel = y.shape().panel_size();
  return {y.panels(), lanes, x_panel, y_panel, lanes, y_panel, lanes};
}

/// Computes Y = f(W X + b); `bias` may be null. x.features() = columns of W, y.features() = rows.rows, same
/// batch and lanes.
template <class T>
void sparse_multiply(const SparseRows& rows, const T* values, const T* bias, Activation activation,
                     const Activations<T>& x, Activations<T>& y) {
  multiply_rows<T>(rows, values, bias, activation, x.data(), y.data(), nullptr, over_panels(x, y));
}

/// Computes dX = W^T dY, by the structure and the values of W^T. If `rectified` is not null, it is X, the
/// output of a ReLU, and dX becomes the gradient of that ReLU's input: 0 where X is not positive.
template <class T>
void sparse_multiply_transposed(const SparseRows& columns, const T* transposed_values,
                                const Activations<T>& dy, const Activations<T>* rectified,
                                Activations<T>& dx) {
  multiply_rows<T>(columns, transposed_values, nullptr, Activation::identity, dy.data(), dx.data(),
                   rectified ? rectified->data() : nullptr, over_panels(dy, dx));
}

/// Computes dW = dY X^T at the survivors only (a sampled dense-dense product, SDDMM), summed over the batch:
/// gradient[k] = (accumulate ? gradient[k] : 0) + sum over images b of dy(row of k, b) x(column of k, b).
/// Padding lanes of dY must be zero.
template <class T>
void sparse_weight_gradient(const SparseRows& rows, const Activations<T>& dy, const Activations<T>& x,
                            bool accumulate, T* gradient) {
  sample_products(rows, dy.data(), x.data(), accumulate, gradient, over_panels(x, dy));
}

}  // namespace ltlab
