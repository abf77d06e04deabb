#pragma once

#include <string>
#include <utility>

#include "ltlab/kernels/pooling.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// Takes the mean of each window of each channel: global average pooling if the window is whole_image().
template <class T>
class AveragePooling final : public Layer<T> {
 public:
  AveragePooling(std::string name, const ImageShape& input, const Pooling& pooling)
      : name_(std::move(name)), input_(input), pooling_(pooling) {}

  std::string name() const override { return name_; }
  ImageShape input() const override { return input_; }
  ImageShape output() const override { return pooling_.output(input_); }
  ChannelBlocks channel_blocks() const override { return ChannelBlocks::kept; }
  bool takes_shortcut() const override { return true; }

  void forward(const Activations<T>& x, Activations<T>& y) override { average_pool(pooling_, x, y); }
  void backward(const Activations<T>& /*x*/, const Activations<T>& /*y*/, Activations<T>& dy,
                Activations<T>* dx, bool /*accumulate*/) override {
    if (dx) average_pool_gradient(pooling_, dy, *dx);
  }

 private:
  std::string name_;
  ImageShape input_;
  Pooling pooling_;
};

}  // namespace ltlab
