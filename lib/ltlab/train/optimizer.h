#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/nn/parameter.h"

namespace ltlab {

/// The choice of an optimizer, with torch.optim's meaning of each number.
struct OptimizerConfig {
  enum class Kind { sgd, adam, adamw };

  Kind kind = Kind::adam;
  double momentum = 0.0;                              ///< sgd
  bool nesterov = false;                              ///< sgd; needs momentum
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< adam, adamw
  double weight_decay = 0.0;                          ///< L2 penalty for sgd and adam, decoupled for adamw
};

/// sgd | adam | adamw
inline const NameTable<OptimizerConfig::Kind>& optimizer_names() {
  using enum OptimizerConfig::Kind;
  static const NameTable<OptimizerConfig::Kind> table("optimizer",
                                                      {{sgd, "sgd"}, {adam, "adam"}, {adamw, "adamw"}});
  return table;
}

/// Updates parameters from their gradients. Its state runs along the survivors only.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  /// Makes one update with learning rate `rate`.
  virtual void step(double rate) = 0;
  /// Returns the whole state as dense tensors; restore() of them continues bit by bit.
  virtual std::vector<Tensor> tensors() const = 0;
  /// Takes the survivors' state from tensors() of an optimizer of the same kind. ConfigError where a tensor
  /// is missing.
  virtual void restore(const std::vector<Tensor>& tensors) = 0;
};

/// Returns an optimizer at its start. The parameters must outlive it and not be masked further.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config,
                                          const std::vector<Parameter<float>*>& parameters);

}  // namespace ltlab
