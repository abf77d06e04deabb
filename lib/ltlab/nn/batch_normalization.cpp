#include "ltlab/nn/batch_normalization.h"

#include <cmath>
#include <utility>

namespace ltlab {
namespace {

// Describes an array of one value a channel.
ParameterInfo channel_array(const std::string& name, std::size_t channels, float start) {
  return {name, {channels}, channels, channels, false, false, start};
}

}  // namespace

template <class T>
BatchNormalization<T>::BatchNormalization(std::string name, const ImageShape& input, Activation activation)
    : name_(std::move(name)),
      input_(input),
      activation_(activation),
      weight_(channel_array(name_ + ".weight", input.channels, 1)),
      bias_(channel_array(name_ + ".bias", input.channels, 0)),
      running_mean_(channel_array(name_ + ".running_mean", input.channels, 0)),
      running_variance_(channel_array(name_ + ".running_var", input.channels, 1)),
      mean_(input.channels),
      inverse_deviation_(input.channels) {}

template <class T>
BatchNorm<T> BatchNormalization<T>::norm() {
  BatchNorm<T> norm;
  norm.gamma = weight_.values.data();
  norm.beta = bias_.values.data();
  norm.running_mean = running_mean_.values.data();
  norm.running_variance = running_variance_.values.data();
  norm.activation = activation_;
  return norm;
}

template <class T>
void BatchNormalization<T>::forward(const Activations<T>& x, Activations<T>& y) {
  batch_norm_evaluation(norm(), x, y);
}

template <class T>
void BatchNormalization<T>::forward_training(const TrainingStep& /*step*/, std::size_t /*first_image*/,
                                             const Activations<T>& x, Activations<T>& y) {
  if (frozen_) return forward(x, y);
  batch_norm_training(norm(), x, statistics_of_batch(), y);
}

template <class T>
void BatchNormalization<T>::backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy,
                                     Activations<T>* dx, bool /*accumulate*/) {
  if (frozen_) return backward_frozen(x, y, dy, dx);
  batch_norm_gradient(norm(), statistics_of_batch(), x, dy, dx ? *dx : dy, weight_.gradient.data(),
                      bias_.gradient.data());
}

template <class T>
void BatchNormalization<T>::backward_frozen(const Activations<T>& x, const Activations<T>& y,
                                            const Activations<T>& dy, Activations<T>* dx) {
  const std::size_t width = input_.width * dy.lanes();
  for (std::size_t c = 0; c < input_.channels; ++c) {
    const T mean = running_mean_.values[c];
    const T scale = 1 / std::sqrt(running_variance_.values[c] + static_cast<T>(norm().epsilon));
    T gradient_sum = 0, product_sum = 0;
    for (std::size_t p = 0; p < dy.panels(); ++p) {
      for (std::size_t row = 0; row < input_.height; ++row) {
        for (std::size_t i = 0; i < width; ++i) {
          const bool passes = activation_ == Activation::identity || y.row(p, c, row)[i] > 0;
          const T gradient = passes ? dy.row(p, c, row)[i] : T(0);
          gradient_sum += gradient;
          product_sum += gradient * (x.row(p, c, row)[i] - mean) * scale;
          if (dx) dx->row(p, c, row)[i] = weight_.values[c] * scale * gradient;
        }
      }
    }
    weight_.gradient[c] = product_sum;
    bias_.gradient[c] = gradient_sum;
  }
}

template class BatchNormalization<float>;
template class BatchNormalization<double>;

}  // namespace ltlab
