#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "ltlab/kernels/batch_norm.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// Batch normalization of each channel, y = f(weight (x - mean) / sqrt(variance + epsilon) + bias). Training
/// uses the batch's mean and variance, evaluation the running ones (Ioffe & Szegedy 2015). Names and
/// constants are those of torch.nn.BatchNorm2d.
template <class T>
class BatchNormalization final : public Layer<T> {
 public:
  BatchNormalization(const std::string& name, const ImageShape& input, Activation activation)
      : Layer<T>(name, input, input),
        activation_(activation),
        weight_(channel_array(name + ".weight", input.channels, 1)),
        bias_(channel_array(name + ".bias", input.channels, 0)),
        running_mean_(channel_array(name + ".running_mean", input.channels, 0)),
        running_variance_(channel_array(name + ".running_var", input.channels, 1)),
        mean_(input.channels),
        inverse_deviation_(input.channels) {}

  std::vector<Parameter<T>*> parameters() override { return {&weight_, &bias_}; }
  std::vector<Parameter<T>*> statistics() override { return {&running_mean_, &running_variance_}; }
  bool couples_images() const override { return true; }
  bool takes_shortcut() const override { return activation_ == Activation::identity; }
  void freeze() override { frozen_ = true; }

  void forward(const Activations<T>& x, Activations<T>& y) override { batch_norm_evaluation(norm(), x, y); }
  void forward_training(const TrainingStep& step, std::size_t /*first_image*/, const Activations<T>& x,
                        Activations<T>& y) override {
    if (frozen_) return forward(x, y);
    BatchNorm<T> norm = this->norm();
    norm.momentum = step.statistics_share;
    batch_norm_training(norm, x, statistics_of_batch(), y);
  }
  /// `accumulate` must be false: a batch has one part.
  void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy, Activations<T>* dx,
                bool /*accumulate*/) override {
    if (frozen_) return backward_frozen(x, y, dy, dx);
    batch_norm_gradient(norm(), statistics_of_batch(), x, dy, dx ? *dx : dy, weight_.gradient.data(),
                        bias_.gradient.data());
  }

 private:
  // Describes an array of one value a channel.
  static ParameterInfo channel_array(const std::string& name, std::size_t channels, float start) {
    return {name, {channels}, channels, channels, false, false, start};
  }

  BatchNorm<T> norm() {
    return {weight_.values.data(), bias_.values.data(), running_mean_.values.data(),
            running_variance_.values.data(), activation_};
  }
  BatchStatistics<T> statistics_of_batch() { return {mean_.data(), inverse_deviation_.data()}; }

  // Does backward() for evaluation's affine map.
  void backward_frozen(const Activations<T>& x, const Activations<T>& y, const Activations<T>& dy,
                       Activations<T>* dx) {
    const ImageShape& image = this->input();
    const std::size_t width = image.width * dy.lanes();
    for (std::size_t c = 0; c < image.channels; ++c) {
      const T mean = running_mean_.values[c];
      const T scale = 1 / std::sqrt(running_variance_.values[c] + static_cast<T>(norm().epsilon));
      T gradient_sum = 0, product_sum = 0;
      for (std::size_t p = 0; p < dy.panels(); ++p) {
        for (std::size_t row = 0; row < image.height; ++row) {
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

  Activation activation_;
  bool frozen_ = false;
  Parameter<T> weight_, bias_;
  Parameter<T> running_mean_, running_variance_;
  AlignedVector<T> mean_, inverse_deviation_;  // of the batch
};

}  // namespace ltlab
