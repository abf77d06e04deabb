#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/activations.h"
#include "ltlab/nn/kernel_choice.h"
#include "ltlab/nn/parameter.h"

namespace ltlab {

/// Floating-point operations of one image's forward and backward pass, a multiply-add counted as two.
struct Flops {
  double done = 0;   ///< by the kernels chosen
  double dense = 0;  ///< were nothing pruned
};

/// Whether a layer also takes activations and their gradients in the layout of dense convolutions
/// (in_channel_blocks()).
enum class ChannelBlocks {
  refused,   ///< no: each channel of its own
  kept,      ///< yes, if both x and y come in it
  converted  ///< yes, x and y alike or not
};

/// Names a training step, and with it what is random in its forward pass.
struct TrainingStep {
  std::uint64_t seed = 0, level = 0, step = 0;
};

/// How a network runs a layer.
struct LayerContext {
  std::size_t batch = 0;  ///< images at most, of a part of a batch
  std::size_t lanes = 0;
  std::size_t input_border = 0;   ///< of x
  std::size_t output_border = 0;  ///< of y
  bool first = false;             ///< nothing lies below: no gradient of x is wanted
  bool rectified_input = false;   ///< x is the output of a ReLU, and dx is to be the gradient of its input
};

/// One step of a network: y = f(x), with parameters. Activations and gradients belong to the caller; between
/// calls of apply_mask a layer allocates nothing. T is float, or double for gradient checks.
template <class T>
class Layer {
 public:
  virtual ~Layer() = default;

  virtual std::string name() const = 0;
  virtual ImageShape input() const = 0;
  virtual ImageShape output() const = 0;
  /// Whether the layer takes panels of kLaneMultiple images only, as one does that sweeps over positions.
  virtual bool narrow_panels() const { return output().height * output().width > 1; }
  /// Borders of zeros that the layer needs around x, and around dy.
  virtual std::size_t input_border() const { return 0; }
  virtual std::size_t gradient_border() const { return 0; }
  /// Whether y is the output of a ReLU whose gradient backward() leaves to others: it is then given that of
  /// the ReLU's input as dy. Whoever computes it writes 0 where y is not positive, which costs less than a
  /// pass of its own.
  virtual bool rectifies() const { return false; }
  /// Whether backward() does so with dx, where LayerContext::rectified_input asks for it. Else the network
  /// does.
  virtual bool rectifies_gradient() const { return false; }
  /// What gradients train.
  virtual std::vector<Parameter<T>*> parameters() { return {}; }
  /// What forward passes of training gather, and evaluation reads: never optimized, never pruned.
  virtual std::vector<Parameter<T>*> statistics() { return {}; }
  /// Whether in training an image's output depends on the other images of its batch, which then must come
  /// as a whole.
  virtual bool couples_images() const { return false; }
  /// Whether backward neither reads y nor changes dy, so that a shortcut may come on top of y.
  virtual bool takes_shortcut() const { return false; }
  /// With the kernels that are chosen.
  virtual ChannelBlocks channel_blocks() const { return ChannelBlocks::refused; }
  /// Whether backward adds to what dx holds.
  virtual bool adds_to_dx() const { return false; }

  /// Told once, before anything else.
  virtual void prepare(const LayerContext&) {}
  /// From now on training passes work as evaluation does, and backward() with them: nothing is random, and
  /// statistics stay as they are.
  virtual void freeze() {}
  /// y = f(x), as in evaluation.
  virtual void forward(const Activations<T>& x, Activations<T>& y) = 0;
  /// y = f(x) in training, of the images from `first_image` of the step's batch on.
  virtual void forward_training(const TrainingStep& /*step*/, std::size_t /*first_image*/,
                                const Activations<T>& x, Activations<T>& y) {
    forward(x, y);
  }
  /// Given the x, y = f(x) of forward_training and dy, writes the parameters' gradients (or adds to them,
  /// where they `accumulate` over the parts of a batch) and, where `dx` is not null, writes the gradient of
  /// x. `dy` is scratch afterwards. Padding lanes of `dy` are zero. Parameters do not change between the
  /// parts of a batch.
  virtual void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy,
                        Activations<T>* dx, bool accumulate) = 0;

  /// Restricts the parameter that the mask names to its survivors.
  virtual void apply_mask(const Mask&) {}
  /// Chooses a kernel for each product at this density and batch. Empty for a layer without such products.
  virtual std::vector<KernelChoice> choose_kernels(KernelPolicy) { return {}; }
  /// Takes up a choice made before; one for another layer's parameter is ignored.
  virtual void set_kernel(const KernelChoice&) {}
  virtual Flops flops() const { return {}; }
  /// Whether backward() also computes the gradients of pruned weights, by a dense product.
  virtual void keep_dense_gradient(bool) {}
  /// What it then computed; empty for a layer without weights that may be pruned.
  virtual std::optional<Tensor> dense_gradient() const { return std::nullopt; }
};

}  // namespace ltlab
