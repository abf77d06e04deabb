#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "ltlab/base/aligned.h"
#include "ltlab/base/join.h"

namespace ltlab {

/// Extents of an array, slowest axis first; weights use PyTorch's order (out, in) or (out, in, kh, kw).
using Shape = std::vector<std::size_t>;

/// Returns the number of elements of an array of that shape.
inline std::size_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
}

/// Returns "300 x 784", or "scalar".
inline std::string extents_text(const Shape& shape) {
  if (shape.empty()) return "scalar";
  return join(shape, " x ", [](std::size_t extent) { return std::to_string(extent); });
}

/// A named float32 array as it is stored: a parameter, a buffer or an optimizer's state.
struct Tensor {
  std::string name;  ///< "fc1.weight", "fc1.bias", ...
  Shape shape;
  AlignedVector<float> values;  ///< row-major, element_count(shape) of them
};

/// Returns the tensor, mask or other item of that `name`; null where there is none.
template <class Named>
const Named* find_named(const std::vector<Named>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Named& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

/// Returns copies of the tensors whose names begin with `prefix`, without the prefix: "fc1.weight" of
/// "weights/fc1.weight".
inline std::vector<Tensor> without_prefix(const std::vector<Tensor>& tensors, const std::string& prefix) {
  std::vector<Tensor> found;
  for (const Tensor& tensor : tensors) {
    if (tensor.name.starts_with(prefix))
      found.push_back({tensor.name.substr(prefix.size()), tensor.shape, tensor.values});
  }
  return found;
}

/// Returns whether the tensor holds one whole number from 0 on, such as an optimizer's steps.
inline bool holds_count(const Tensor& tensor) {
  return tensor.values.size() == 1 && tensor.values[0] >= 0 &&
         tensor.values[0] == std::floor(tensor.values[0]);
}

}  // namespace ltlab
