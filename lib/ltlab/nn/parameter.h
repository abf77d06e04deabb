#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// What a parameter is, apart from its values.
struct ParameterInfo {
  std::string name;  ///< "fc1.weight"
  Shape shape;       ///< PyTorch's axis order, (out, in)
  std::size_t fan_in = 0, fan_out = 0;
  bool prunable = false;
  bool output_layer = false;  ///< pruned at a rate of its own (Frankle & Carbin 2019, appendix G)
  float start = 0;            ///< all values before any is assigned; a vector's initialization
};

/// A trainable array. It keeps the survivors only, in row-major order: a pruned weight has no value here, no
/// gradient, and so no optimizer state.
template <class T>
class Parameter {
 public:
  explicit Parameter(ParameterInfo info);

  const ParameterInfo& info() const { return info_; }
  /// Returns the number of elements before pruning.
  std::size_t dense_size() const { return dense_size_; }
  /// Returns the number of survivors: the elements of `values` and of `gradient`.
  std::size_t size() const { return values.size(); }
  bool masked() const { return masked_; }
  /// Returns the places of the survivors in the dense array, ascending; meaningful if masked().
  std::span<const std::uint32_t> survivors() const { return survivors_; }

  /// Keeps the weights that `mask` keeps; one that was pruned before comes back as 0. A full mask makes the
  /// parameter dense. ConfigError where the mask does not fit.
  void apply(const Mask& mask);

  /// Takes the survivors' values from a dense tensor of the parameter's shape (ConfigError otherwise).
  void assign(const Tensor& tensor) { compress(tensor, values); }
  /// Returns the dense tensor, zero where pruned.
  Tensor dense() const { return expand(info_.name, values); }
  /// Returns a dense tensor of an array that runs along `values`, such as an optimizer's state.
  Tensor expand(const std::string& name, std::span<const T> compact) const;
  /// Does the reverse: picks the survivors from a dense array into `compact` (size() elements).
  void compress(const Tensor& dense, std::span<T> compact) const;

  AlignedVector<T> values;
  AlignedVector<T> gradient;

 private:
  ParameterInfo info_;
  std::size_t dense_size_;
  bool masked_ = false;
  std::vector<std::uint32_t> survivors_;
};

}  // namespace ltlab
