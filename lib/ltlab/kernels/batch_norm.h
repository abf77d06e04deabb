#pragma once

#include "ltlab/base/activations.h"
#include "ltlab/kernels/activation.h"

namespace ltlab {

/// Batch normalization (Ioffe & Szegedy 2015, algorithms 1 and 2), as torch.nn.BatchNorm2d and, where images
/// are 1 x 1, BatchNorm1d; all arrays hold one value a channel. T is float or double.
template <class T>
struct BatchNorm {
  const T* gamma = nullptr;
  const T* beta = nullptr;
  T* running_mean = nullptr;
  T* running_variance = nullptr;
  Activation activation = Activation::identity;
  double momentum = 0.1;  ///< share of the new batch in the running values
  double epsilon = 1e-5;
};

/// Mean and 1 / sqrt(variance + epsilon) of each channel over one batch, which forward writes for backward.
template <class T>
struct BatchStatistics {
  T* mean = nullptr;
  T* inverse_deviation = nullptr;
};

/// In all functions below x, y, dx, dy have the same image, batch and lanes; borders may differ. Only
/// interiors are read and written, and padding lanes never count.

/// Computes y = f(gamma (x - mean) / sqrt(variance + epsilon) + beta) with the batch's mean and biased
/// variance over its images and positions, both summed in double. The running values are updated, running =
/// (1 - momentum) running + momentum batch, with the unbiased variance. Throws ConfigError where a channel
/// has only one value, which has no variance.
template <class T>
void batch_norm_training(const BatchNorm<T>& norm, const Activations<T>& x, const BatchStatistics<T>& batch,
                         Activations<T>& y);

/// Computes y = f(gamma (x - running mean) / sqrt(running variance + epsilon) + beta).
template <class T>
void batch_norm_evaluation(const BatchNorm<T>& norm, const Activations<T>& x, Activations<T>& y);

/// Computes the gradients of batch_norm_training, given its x, parameters and statistics. With g = dy where y
/// > 0 (or dy, without ReLU), n values a channel and xhat = (x - mean) / sqrt(variance + epsilon):
///
///     gamma_gradient = sum(g xhat),  beta_gradient = sum(g),
///     dx = gamma / sqrt(variance + epsilon) (g - beta_gradient / n - xhat gamma_gradient / n).
///
/// The sign of y is recomputed from x, which needs one stream of memory less than reading y. Padding lanes of
/// dy must be zero, and those of dx become so. dx may be dy.
template <class T>
void batch_norm_gradient(const BatchNorm<T>& norm, const BatchStatistics<T>& batch, const Activations<T>& x,
                         const Activations<T>& dy, Activations<T>& dx, T* gamma_gradient, T* beta_gradient);

}  // namespace ltlab
