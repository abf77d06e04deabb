#pragma once

#include <string>
#include <utility>

#include "ltlab/kernels/residual.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// The shortcut without parameters around a block that changes the shape: every stride-th row and column, and
/// channels of zeros after those of x (He et al. 2016, section 4.2, option A). Its gradient is added to that
/// of the block's first layer.
template <class T>
class Subsampling final : public Layer<T> {
 public:
  /// `output` has at least the channels of `input`, and ceil(height / stride) x ceil(width / stride)
  /// positions.
  Subsampling(std::string name, const ImageShape& input, std::size_t stride, const ImageShape& output)
      : Layer<T>(std::move(name), input, output), stride_(stride) {}

  bool adds_to_dx() const override { return true; }

  void forward(const Activations<T>& x, Activations<T>& y) override { subsample_channels(stride_, x, y); }
  void backward(const Activations<T>& /*x*/, const Activations<T>& /*y*/, Activations<T>& dy,
                Activations<T>* dx, bool /*accumulate*/) override {
    if (dx) add_subsample_channels_gradient(stride_, dy, *dx);
  }

 private:
  std::size_t stride_;
};

}  // namespace ltlab
