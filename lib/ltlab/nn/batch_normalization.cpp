#include "ltlab/nn/batch_normalization.h"

#include <utility>

namespace ltlab {
namespace {

// One value a channel.
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
  batch_norm_training(norm(), x, statistics_of_batch(), y);
}

template <class T>
void BatchNormalization<T>::backward(const Activations<T>& x, const Activations<T>& /*y*/, Activations<T>& dy,
                                     Activations<T>* dx, bool /*accumulate*/) {
  batch_norm_gradient(norm(), statistics_of_batch(), x, dy, dx ? *dx : dy, weight_.gradient.data(),
                      bias_.gradient.data());
}

template class BatchNormalization<float>;
template class BatchNormalization<double>;

}  // namespace ltlab
