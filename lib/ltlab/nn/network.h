#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ltlab/kernels/elementwise.h"
#include "ltlab/nn/kernel_choice.h"
#include "ltlab/nn/layer.h"

namespace ltlab {

/// One step of a network: y = layer(x) or, with a `shortcut`, y = f(layer(x) + shortcut) (He et al. 2016,
/// equation 1). Outputs are numbered along the network: output 0 is the images, and i + 1 is the output of
/// step i.
template <class T>
struct Step {
  std::unique_ptr<Layer<T>> layer;
  std::size_t input = 0;                         ///< the output that is x
  std::optional<std::size_t> shortcut;           ///< of y's shape; the layer then takes_shortcut()
  Activation activation = Activation::identity;  ///< f
};

/// Returns the steps that pass images through each layer in turn.
template <class T>
std::vector<Step<T>> chain(std::vector<std::unique_ptr<Layer<T>>> layers);

/// Writes the gradient of a function of the logits, zero in padding lanes, given the logits of the images
/// from `first_image` of a batch on.
template <class T>
using LogitLoss =
    std::function<void(std::size_t first_image, const Activations<T>& logits, Activations<T>& gradient)>;

/// Layers in sequence, with shortcuts, ending in logits. T is float, or double for gradient checks.
///
/// Images go through all layers in parts of a batch, and gradients are summed up. A convolutional network's
/// activations of 16 images fit a cache that those of a batch do not, and once few weights are left its
/// layers wait for memory rather than compute. Two kinds of networks take a batch as one part: those of flat
/// layers, and those with a layer that couples its images (batch norm).
///
/// If all layers that touch an output compute dense, it and its gradient lie in blocks of channels, as dense
/// convolutions want them. Conversions remain only at the borders between dense and sparse.
///
/// An output may have several readers. The gradient from the last reader is written first; the other readers,
/// which are shortcuts and layers that declare it, add theirs.
template <class T>
class Network {
 public:
  /// Holds batches of up to `batch` images. Each layer must accept its input.
  Network(std::vector<Step<T>> steps, std::size_t batch);
  Network(std::vector<std::unique_ptr<Layer<T>>> layers, std::size_t batch)
      : Network(chain(std::move(layers)), batch) {}

  /// Returns the layout of the images that a network of these steps takes.
  static ActivationShape input_layout(const std::vector<Step<T>>& steps, std::size_t batch);
  /// Returns the layout of the images that forward() takes.
  const ActivationShape& input() const { return input_; }
  std::size_t classes() const { return steps_.back().layer->output().features(); }
  std::size_t batch() const { return input_.batch; }
  /// Returns the number of images in a part.
  std::size_t part() const { return part_; }
  std::size_t lanes() const { return input_.lanes; }
  const std::vector<Step<T>>& steps() const { return steps_; }

  /// Returns the logits of a batch of at most batch() images, as in evaluation; valid until the next call.
  const Activations<T>& forward(const Activations<T>& images);
  /// Does a forward pass of training, then writes the mean loss's gradients to every parameter's `gradient`.
  /// `step` names the random choices in it.
  BatchLoss forward_backward(const Activations<T>& images, std::span<const std::uint8_t> labels,
                             const TrainingStep& step = {});

  /// Does the same for any function of the logits, whose gradient `loss` writes.
  void forward_backward(const Activations<T>& images, const LogitLoss<T>& loss,
                        const TrainingStep& step = {});
  /// Does the forward pass alone.
  void forward_training(const Activations<T>& images, const TrainingStep& step);
  /// Makes training passes work as evaluation does from now on: Layer::freeze().
  void freeze() {
    for (const Step<T>& step : steps_) step.layer->freeze();
  }

  /// Sets whether forward_backward() from now on also computes the gradients of pruned weights, which flops()
  /// counts.
  void keep_dense_gradients(bool keep) {
    for (const Step<T>& step : steps_) step.layer->keep_dense_gradient(keep);
  }
  /// Returns those of the last forward_backward(), for each parameter that may be pruned; kept by then.
  std::vector<Tensor> dense_gradients() const;

  /// Returns every parameter, in the order of the steps.
  const std::vector<Parameter<T>*>& parameters() const { return parameters_; }
  /// Returns everything that training changes: each layer's parameters, and then its statistics.
  const std::vector<Parameter<T>*>& arrays() const { return arrays_; }
  /// Returns the values of arrays() as dense tensors, zero where pruned.
  std::vector<Tensor> tensors() const;
  /// Takes the survivors' values of arrays() from dense tensors, found by name (ConfigError where one is
  /// missing).
  void assign(const std::vector<Tensor>& tensors);

  /// Restricts the parameters that the masks name to their survivors. Pruned weights may come back, as 0.
  /// Kernels must be chosen or set again.
  void apply(const std::vector<Mask>& masks);
  /// Chooses a kernel for each layer's products by that layer's policy.
  std::vector<KernelChoice> choose_kernels(const KernelPolicies& policies);
  void set_kernels(const std::vector<KernelChoice>& choices);
  /// Returns the share of survivors among the weights of all parameters that may be pruned.
  double density() const;
  /// Returns the operations of one image's forward and backward pass, in products with weights only.
  Flops flops() const;

 private:
  void prepare_layers();
  // Gives each output and its gradient the layout that suits the kernels chosen.
  void lay_out();
  void make_gradients();
  // Returns the layout of a step's output of `batch` images, or of its gradient.
  ActivationShape layout(std::size_t step, std::size_t border, std::size_t batch) const;

  // Returns image `first` and those after it, as many as a part holds.
  const Activations<T>& take_part(const Activations<T>& images, std::size_t first);
  // Calls run(layer, x, y) for each step in turn, and adds the shortcuts. Returns the logits.
  template <class Run>
  const Activations<T>& forward_part(const Activations<T>& images, const Run& run);
  // Does a forward pass of training for the images of a step's batch from `first` on. Returns the logits.
  const Activations<T>& forward_training_part(const Activations<T>& part, std::size_t first,
                                              const TrainingStep& step);
  void backward_part(const Activations<T>& images, bool accumulate);
  // Turns the gradient of step i's output, as its readers wrote it, into that of its layer's output.
  void complete_gradient(std::size_t i);

  const Activations<T>& output(std::size_t number, const Activations<T>& images) const {
    return number == 0 ? images : outputs_[number - 1];
  }
  // Sets a step's output or its gradient to `batch` images.
  void set_batch(std::size_t step, std::size_t batch, Activations<T>& a) const {
    a.reshape(layout(step, a.shape().border, batch));
  }
  Activations<T>& gradient(std::size_t step) { return gradients_[gradient_of_[step]]; }

  std::vector<Step<T>> steps_;
  ActivationShape input_;
  std::size_t part_;
  std::vector<Parameter<T>*> parameters_, arrays_;
  std::vector<bool> in_blocks_;            // whether a step's output lies in blocks of channels
  Activations<T> images_;                  // a part of a batch
  std::vector<Activations<T>> outputs_;    // of each step, for a part
  std::vector<Activations<T>> gradients_;  // each belongs to one step's output at a time
  std::vector<std::size_t> gradient_of_;   // the index of each output's gradient
  Activations<T> logits_;                  // of a batch in several parts
};

}  // namespace ltlab
