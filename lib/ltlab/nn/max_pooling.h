#pragma once

#include "ltlab/kernels/pooling.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// Computes f(the largest value of each window of each channel).
template <class T>
class MaxPooling final : public Layer<T> {
 public:
  MaxPooling(std::string name, const ImageShape& input, const Pooling& pooling, Activation activation)
      : name_(std::move(name)), input_(input), pooling_(pooling), activation_(activation) {}

  std::string name() const override { return name_; }
  ImageShape input() const override { return input_; }
  ImageShape output() const override { return pooling_.output(input_); }
  ChannelBlocks channel_blocks() const override { return ChannelBlocks::kept; }

  bool rectifies() const override { return activation_ == Activation::relu; }

  void forward(const Activations<T>& x, Activations<T>& y) override { max_pool(pooling_, activation_, x, y); }
  void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy, Activations<T>* dx,
                bool /*accumulate*/) override {
    if (dx) max_pool_gradient(pooling_, x, y, dy, *dx);
  }

 private:
  std::string name_;
  ImageShape input_;
  Pooling pooling_;
  Activation activation_;
};

}  // namespace ltlab
