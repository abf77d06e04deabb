#pragma once

#include <span>
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

/// One step of a network: y = f(x), with parameters. Activations and gradients belong to the caller; between
/// calls of apply_mask a layer allocates nothing. T is float, or double for gradient checks.
template <class T>
class Layer {
 public:
  virtual ~Layer() = default;

  virtual std::string name() const = 0;
  virtual std::size_t input_features() const = 0;
  virtual std::size_t output_features() const = 0;
  virtual std::vector<Parameter<T>*> parameters() { return {}; }

  /// y = f(x).
  virtual void forward(const Activations<T>& x, Activations<T>& y) = 0;
  /// Given x, y = f(x) and dy, writes the parameters' gradients and, where `dx` is not null, the gradient of
  /// x. `dy` is scratch afterwards. Padding lanes of `dy` are zero.
  virtual void backward(const Activations<T>& x, const Activations<T>& y, Activations<T>& dy,
                        Activations<T>* dx) = 0;

  /// Restricts the parameter that the mask names to its survivors.
  virtual void apply_mask(const Mask&) {}
  /// Chooses a kernel for each product at this density and batch; `first` layers have no backward-data. Empty
  /// for a layer without such products.
  virtual std::vector<KernelChoice> choose_kernels(KernelPolicy, std::size_t /*batch*/, std::size_t /*lanes*/,
                                                   bool /*first*/) {
    return {};
  }
  /// Takes up a choice made before; one for another layer's parameter is ignored.
  virtual void set_kernel(const KernelChoice&) {}
  virtual Flops flops(bool /*first*/) const { return {}; }
};

}  // namespace ltlab
