#pragma once

#include <string>
#include <utility>

#include "ltlab/kernels/pooling.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// Computes f(the largest value of each window of each channel).
template <class T>
class MaxPooling final : public Layer<T> {
 public:
  MaxPooling(std::string name, const ImageShape& input, const Pooling& pooling, Activation activation)
      : Layer<T>(std::move(name), input, pooling.output(input)), pooling_(pooling), activation_(activation) {}

  ChannelBlocks channel_blocks() const override { return ChannelBlocks::kept; }

  bool rectifies() const override { return activation_ == Activation::relu; }

  void forward(const Activations<T>& x, Activations<T>& y) override { max_pool(pooling_, activation_, x, y); }
  void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy, Activations<T>* dx,
                bool /*accumulate*/) override {
    if (dx) max_pool_gradient(pooling_, x, y, dy, *dx);
  }

 private:
  Pooling pooling_;
  Activation activation_;
};

/// Takes the mean of each window of each channel: global average pooling if the window is whole_image().
template <class T>
class AveragePooling final : public Layer<T> {
 public:
  AveragePooling(std::string name, const ImageShape& input, const Pooling& pooling)
      : Layer<T>(std::move(name), input, pooling.output(input)), pooling_(pooling) {}

  ChannelBlocks channel_blocks() const override { return ChannelBlocks::kept; }
  bool takes_shortcut() const override { return true; }

  void forward(const Activations<T>& x, Activations<T>& y) override { average_pool(pooling_, x, y); }
  void backward(const Activations<T>& /*x*/, const Activations<T>& /*y*/, Activations<T>& dy,
                Activations<T>* dx, bool /*accumulate*/) override {
    if (dx) average_pool_gradient(pooling_, dy, *dx);
  }

 private:
  Pooling pooling_;
};

}  // namespace ltlab
