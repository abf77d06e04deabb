#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ltlab/base/activations.h"
#include "ltlab/nn/kernel_choice.h"
#include "ltlab/nn/parameter.h"

namespace ltlab {

/// Floating-point operations of one image's forward and backward pass, a multiply-add counted as two.
struct Flops {
  double survivors = 0;  ///< that the surviving weights need, and dense gradients where they are kept
  double kernels = 0;    ///< that the chosen kernels do: a dense one also multiplies by the zeros
  double dense = 0;      ///< if nothing were pruned

  Flops& operator+=(const Flops& other) {
    survivors += other.survivors;
    kernels += other.kernels;
    dense += other.dense;
    return *this;
  }
};

/// Whether a layer also takes activations and their gradients in the layout of dense convolutions
/// (in_channel_blocks()).
enum class ChannelBlocks {
  refused,   ///< no: each channel is separate
  kept,      ///< yes, if both x and y come in it
  converted  ///< yes, even if only one of x and y does
};

/// Names a training step, and so the random choices of its forward pass.
struct TrainingStep {
  std::uint64_t seed = 0, level = 0, step = 0;
  double statistics_share = 0.1;  ///< of the step's batch in Layer::statistics(), as torch's momentum
};

/// How a network runs a layer.
///
/// Rectified gradients: a ReLU at the end of a layer belongs to it in the forward pass only. The layer above,
/// which computes the gradient of y anyway, at once sets it to 0 where y is not positive, so that it becomes
/// the gradient of the ReLU's input z. This costs less than a pass of its own.
///
///                 a layer that rectifies()               a layer with rectified_input
///               +------------------------------+       +-----------------------------+
///     forward   | z = W x + b,  y = ReLU(z)    | --y-> | takes y as its x            | ---->
///     backward  | takes dz as its dy           | <-dz- | writes dz as its dx         | <----
///               +------------------------------+       +-----------------------------+
///                                                        dz = y > 0 ? dy : 0
///
/// The network does it instead where the layer above does not (rectifies_gradient()), or y has other readers.
struct LayerContext {
  std::size_t batch = 0;  ///< the most images of a part of a batch
  std::size_t lanes = 0;
  std::size_t input_border = 0;   ///< of x
  std::size_t output_border = 0;  ///< of y
  bool first = false;             ///< nothing lies below: no gradient of x is needed
  bool rectified_input = false;   ///< x is the output of a ReLU, and dx is to be the gradient of its input
};

/// One step of a network: y = f(x), with parameters. Activations and gradients belong to the caller. Between
/// calls of apply_mask a layer allocates nothing. T is float, or double for gradient checks.
template <class T>
class Layer {
 public:
  Layer(std::string name, const ImageShape& input, const ImageShape& output)
      : name_(std::move(name)), input_(input), output_(output) {}
  virtual ~Layer() = default;

  const std::string& name() const { return name_; }
  const ImageShape& input() const { return input_; }
  const ImageShape& output() const { return output_; }
  /// Returns whether only panels of kLaneMultiple images are taken, as by layers that sweep over positions.
  virtual bool narrow_panels() const { return output_.height * output_.width > 1; }
  /// The width of the border of zeros that the layer needs around x, and around dy.
  virtual std::size_t input_border() const { return 0; }
  virtual std::size_t gradient_border() const { return 0; }
  /// Returns whether y is the output of a ReLU whose gradient backward() leaves to others: its dy is then the
  /// gradient of the ReLU's input (LayerContext).
  virtual bool rectifies() const { return false; }
  /// Returns whether backward() does so with dx if LayerContext::rectified_input asks for it. Otherwise the
  /// network does.
  virtual bool rectifies_gradient() const { return false; }
  /// The arrays that gradients train.
  virtual std::vector<Parameter<T>*> parameters() { return {}; }
  /// The arrays that training forward passes gather and evaluation reads: never optimized, never pruned.
  virtual std::vector<Parameter<T>*> statistics() { return {}; }
  /// Returns whether in training an image's output depends on the other images of its batch, which must then
  /// come as a whole.
  virtual bool couples_images() const { return false; }
  /// Returns whether backward neither reads y nor changes dy, so that a shortcut may be added to y.
  virtual bool takes_shortcut() const { return false; }
  /// The layouts taken with the chosen kernels.
  virtual ChannelBlocks channel_blocks() const { return ChannelBlocks::refused; }
  /// Returns whether backward adds to what dx holds.
  virtual bool adds_to_dx() const { return false; }

  /// Called once, before anything else.
  virtual void prepare(const LayerContext&) {}
  /// Makes training passes, and backward() with them, work from now on as evaluation does: nothing is random,
  /// and statistics stay as they are.
  virtual void freeze() {}
  /// Computes y = f(x), as in evaluation.
  virtual void forward(const Activations<T>& x, Activations<T>& y) = 0;
  /// Computes y = f(x) in training, for the images from `first_image` of the step's batch on.
  virtual void forward_training(const TrainingStep& /*step*/, std::size_t /*first_image*/,
                                const Activations<T>& x, Activations<T>& y) {
    forward(x, y);
  }
  /// Writes the parameters' gradients, given the x and y = f(x) of forward_training and dy (or adds to them,
  /// where they `accumulate` over the parts of a batch). If `dx` is not null, also writes the gradient of x.
  /// `dy` is scratch afterwards. Padding lanes of `dy` are zero. Parameters do not change between the parts
  /// of a batch.
  virtual void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy,
                        Activations<T>* dx, bool accumulate) = 0;

  /// Restricts the parameter that the mask names to its survivors.
  virtual void apply_mask(const Mask&) {}
  /// Chooses a kernel for each product at this density and batch. Empty for a layer without such products.
  virtual std::vector<KernelChoice> choose_kernels(KernelPolicy) { return {}; }
  /// Takes over a choice made before; one for another layer's parameter is ignored.
  virtual void set_kernel(const KernelChoice&) {}
  virtual Flops flops() const { return {}; }
  /// Sets whether backward() also computes the gradients of pruned weights, by a dense product.
  virtual void keep_dense_gradient(bool) {}
  /// Returns the dense gradient last computed; empty for a layer without weights that may be pruned.
  virtual std::optional<Tensor> dense_gradient() const { return std::nullopt; }

 private:
  std::string name_;
  ImageShape input_, output_;
};

}  // namespace ltlab
