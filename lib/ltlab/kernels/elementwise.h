#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ltlab/base/activations.h"
#include "ltlab/kernels/sparse_linear.h"

namespace ltlab {

/// Computes Y = f(Y + b) in place, with one bias a channel (for flat vectors: a feature). sparse_multiply
/// fuses this; it is for products computed elsewhere. Borders stay zero.
template <class T>
void add_bias_and_activate(const T* bias, Activation activation, Activations<T>& y);

/// Turns the gradient of a ReLU's output y into that of its input, in place: dY = dY where y > 0, else 0. The
/// borders of y and dy may differ.
template <class T>
void rectify_gradient(const Activations<T>& y, Activations<T>& dy);

/// Computes y = f(a + b), all of one shape up to their borders: where residual branches join (He et al. 2016,
/// "Deep residual learning for image recognition", section 3). y may be a or b.
template <class T>
void add_and_activate(Activation activation, const Activations<T>& a, const Activations<T>& b,
                      Activations<T>& y);

/// Computes the gradient where y = f(z) has two readers, whose gradients are dy and other_dy: dy becomes the
/// gradient of z, (dy + other_dy) where y > 0 (everywhere, without ReLU) and 0 elsewhere.
template <class T>
void add_gradient(Activation activation, const Activations<T>& y, const Activations<T>& other_dy,
                  Activations<T>& dy);

/// Computes gradient[channel] = (accumulate ? gradient[channel] : 0) + the sum of dY over the batch and the
/// positions. Padding lanes of dY must be zero. `block` (1 or a multiple of 8) channels lie side by side, as
/// in in_channel_blocks().
template <class T>
void bias_gradient(const Activations<T>& dy, std::size_t block, bool accumulate, T* gradient);

/// Summed loss and correct predictions of a batch.
struct BatchLoss {
  double loss = 0;          ///< cross-entropy in nats, summed over the images
  std::size_t correct = 0;  ///< images whose largest logit (the first, where several tie) is their label's
};

/// Computes softmax and cross-entropy over the classes (= logits.features()); labels[i] is image i's class.
/// If `gradient` is not null, it receives the gradient of the summed loss over `mean_of` images (those of the
/// whole batch, of which `logits` may be a part), zero in padding lanes.
template <class T>
BatchLoss softmax_cross_entropy(const Activations<T>& logits, std::span<const std::uint8_t> labels,
                                std::size_t mean_of, Activations<T>* gradient);

/// Writes, image by image, the class of the largest logit, the first one where several are, and its
/// probability by softmax. Each holds logits.batch() values.
template <class T>
void predict_classes(const Activations<T>& logits, std::span<std::uint8_t> classes,
                     std::span<float> probabilities);

/// One step of stochastic gradient descent, as torch.optim.SGD: g += weight_decay w; velocity = momentum
/// velocity + g; w -= rate (nesterov ? g + momentum velocity : velocity). `velocity` may be null where
/// momentum is 0.
struct SgdCoefficients {
  float rate, momentum, weight_decay;
  bool nesterov;
};
void sgd_update(const SgdCoefficients& c, std::size_t size, float* weights, const float* gradient,
                float* velocity);

/// One step of Adam (Kingma & Ba 2015, algorithm 1) or, with decoupled decay, AdamW (Loshchilov & Hutter
/// 2019, algorithm 2), as torch.optim: first = beta1 first + (1 - beta1) g, second = beta2 second + (1 -
/// beta2) g^2, w -= rate (first / correction1) / (sqrt(second / correction2) + epsilon), where correction = 1
/// - beta^step.
struct AdamCoefficients {
  float rate, beta1, beta2, epsilon, weight_decay;
  bool decoupled_decay;
  float correction1, correction2;
};
void adam_update(const AdamCoefficients& c, std::size_t size, float* weights, const float* gradient,
                 float* first, float* second);

}  // namespace ltlab
