#pragma once

#include <string>

#include "ltlab/kernels/dropout.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// Drops each value with probability `rate` in training and scales the others by 1 / (1 - rate) (Srivastava
/// et al. 2014); evaluation changes nothing. Which values are dropped depends only on the training step, the
/// layer and the place of an image in its batch.
template <class T>
class DropoutLayer final : public Layer<T> {
 public:
  DropoutLayer(const std::string& name, const ImageShape& input, double rate)
      : Layer<T>(name, input, input), purpose_("dropout/" + name), rate_(rate) {}

  bool takes_shortcut() const override { return true; }
  void freeze() override { frozen_ = true; }

  void forward(const Activations<T>& x, Activations<T>& y) override { copy_interior(x, y); }
  void forward_training(const TrainingStep& step, std::size_t first_image, const Activations<T>& x,
                        Activations<T>& y) override {
    if (frozen_) return forward(x, y);
    stream_ = {step.seed, purpose_, step.level, step.step << 32 | first_image};
    dropout(stream_, rate_, x, y);
  }
  void backward(const Activations<T>& /*x*/, const Activations<T>& /*y*/, Activations<T>& dy,
                Activations<T>* dx, bool /*accumulate*/) override {
    if (!dx) return;
    if (frozen_) return copy_interior(dy, *dx);
    dropout(stream_, rate_, dy, *dx);
  }

 private:
  std::string purpose_;
  double rate_;
  bool frozen_ = false;
  StreamName stream_;  // of the last forward_training
};

}  // namespace ltlab
