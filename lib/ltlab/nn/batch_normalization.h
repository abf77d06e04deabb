#pragma once

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
  BatchNormalization(std::string name, const ImageShape& input, Activation activation);

  std::string name() const override { return name_; }
  ImageShape input() const override { return input_; }
  ImageShape output() const override { return input_; }
  std::vector<Parameter<T>*> parameters() override { return {&weight_, &bias_}; }
  std::vector<Parameter<T>*> statistics() override { return {&running_mean_, &running_variance_}; }
  bool couples_images() const override { return true; }
  bool takes_shortcut() const override { return activation_ == Activation::identity; }
  void freeze() override { frozen_ = true; }

  void forward(const Activations<T>& x, Activations<T>& y) override;
  void forward_training(const TrainingStep& step, std::size_t first_image, const Activations<T>& x,
                        Activations<T>& y) override;
  /// `accumulate` must be false: a batch has one part.
  void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy, Activations<T>* dx,
                bool accumulate) override;

 private:
  BatchNorm<T> norm();
  // Does backward() for evaluation's affine map.
  void backward_frozen(const Activations<T>& x, const Activations<T>& y, const Activations<T>& dy,
                       Activations<T>* dx);
  BatchStatistics<T> statistics_of_batch() { return {mean_.data(), inverse_deviation_.data()}; }

  std::string name_;
  ImageShape input_;
  Activation activation_;
  bool frozen_ = false;
  Parameter<T> weight_, bias_;
  Parameter<T> running_mean_, running_variance_;
  AlignedVector<T> mean_, inverse_deviation_;  // of the batch
};

}  // namespace ltlab
