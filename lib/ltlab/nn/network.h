#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ltlab/kernels/elementwise.h"
#include "ltlab/nn/kernel_policies.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// A chain of layers ending in logits. T is float, or double for gradient checks.
///
/// Images go through all layers in parts of a batch, gradients summed up: a convolutional network's
/// activations of 16 images fit a cache that those of a batch do not, and its layers wait for memory rather
/// than compute once few weights are left. A network of flat layers takes a batch as one part.
template <class T>
class Network {
 public:
  /// Holds batches of up to `batch` images. Each layer must take what the one before gives.
  Network(std::vector<std::unique_ptr<Layer<T>>> layers, std::size_t batch);

  /// Layout of the images that a network of these layers takes.
  static ActivationShape input_layout(const std::vector<std::unique_ptr<Layer<T>>>& layers,
                                      std::size_t batch);
  /// Layout of the images that forward() takes.
  const ActivationShape& input() const { return input_; }
  std::size_t classes() const { return layers_.back()->output().features(); }
  std::size_t batch() const { return input_.batch; }
  /// Images a part.
  std::size_t part() const { return part_; }
  std::size_t lanes() const { return input_.lanes; }

  /// Logits of a batch of at most batch() images; valid until the next call.
  const Activations<T>& forward(const Activations<T>& images);
  /// forward, then the mean loss's gradients in every parameter's `gradient`.
  BatchLoss forward_backward(const Activations<T>& images, std::span<const std::uint8_t> labels);

  /// Every parameter, in the order of the layers.
  const std::vector<Parameter<T>*>& parameters() const { return parameters_; }
  /// Their values as dense tensors, zero where pruned.
  std::vector<Tensor> tensors() const;
  /// Takes the survivors' values from dense tensors, found by name (ConfigError where one is missing).
  void assign(const std::vector<Tensor>& tensors);

  /// Restricts the parameters that the masks name to their survivors.
  void apply(const std::vector<Mask>& masks);
  /// Chooses a kernel for each layer's products by that layer's policy.
  std::vector<KernelChoice> choose_kernels(const KernelPolicies& policies);
  void set_kernels(const std::vector<KernelChoice>& choices);
  /// Of one image's forward and backward pass, products with weights only.
  Flops flops() const;

 private:
  // Image `first` and those after it, as many as a part holds.
  const Activations<T>& take_part(const Activations<T>& images, std::size_t first);
  const Activations<T>& forward_part(const Activations<T>& images);
  void backward_part(const Activations<T>& images, bool accumulate);

  std::vector<std::unique_ptr<Layer<T>>> layers_;
  ActivationShape input_;
  std::size_t part_;
  std::vector<Parameter<T>*> parameters_;
  Activations<T> images_;                            // a part of a batch
  std::vector<Activations<T>> outputs_, gradients_;  // of each layer's output, for a part
  Activations<T> logits_;                            // of a batch in several parts
};

}  // namespace ltlab
