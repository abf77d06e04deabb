#pragma once

#include "ltlab/base/activations.h"

namespace ltlab {

/// The three products of training a dense linear layer with weights W [outputs x inputs], row-major.
/// Single-threaded: a process runs one worker a core. float by oneDNN; double, for curvature and tests,
/// by Eigen.

/// Computes Y = W X.
template <class T>
void dense_multiply(const T* weights, const Activations<T>& x, Activations<T>& y);

/// Computes dX = W^T dY.
template <class T>
void dense_multiply_transposed(const T* weights, const Activations<T>& dy, Activations<T>& dx);

/// gradient = (accumulate ? gradient : 0) + dY X^T, summed over the batch. Padding lanes of dY must be zero.
template <class T>
void dense_weight_gradient(const Activations<T>& dy, const Activations<T>& x, bool accumulate, T* gradient);

}  // namespace ltlab
