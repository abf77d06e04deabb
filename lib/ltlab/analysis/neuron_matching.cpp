#include "ltlab/analysis/neuron_matching.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "ltlab/analysis/assignment.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

namespace ltlab {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;

NeuronMatching identity_matching(const std::vector<Shape>& shapes) {
  NeuronMatching matching;
  matching.reserve(shapes.size());
  for (const Shape& shape : shapes) {
    matching.emplace_back(shape[0]);
    std::iota(matching.back().begin(), matching.back().end(), 0U);
  }
  return matching;
}

template <class Arrays>
std::vector<Shape> shapes_of(const Arrays& arrays) {
  std::vector<Shape> shapes;
  shapes.reserve(arrays.size());
  for (const auto& array : arrays) shapes.push_back(array.shape);
  return shapes;
}

// The array (outputs, rest) with its outputs, and the inputs by which they take the layer before, in the
// order of the partners. `before` is null for the first layer.
template <class Values>
Values reorder(const Values& values, const Shape& shape, const std::vector<std::uint32_t>& outputs,
               const std::vector<std::uint32_t>* before) {
  Values result(values.size());
  const std::size_t width = values.size() / shape[0];
  const std::size_t block = before ? width / before->size() : width;  // weights by which to take one neuron
  for (std::size_t o = 0; o < shape[0]; ++o) {
    for (std::size_t i = 0; i < width / block; ++i) {
      const std::size_t partner = outputs[o] * width + (before ? (*before)[i] : i) * block;
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(partner), block,
                  result.begin() + static_cast<std::ptrdiff_t>(o * width + i * block));
    }
  }
  return result;
}

const std::vector<std::uint32_t>* before(const NeuronMatching& matching, std::size_t l) {
  return l == 0 ? nullptr : &matching[l - 1];
}

void require_same_chain(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  if (shapes_of(a) != shapes_of(b)) throw StoreError("cannot match neurons: the networks differ in shape");
  for (std::size_t l = 1; l < a.size(); ++l) {
    if (a[l].shape[1] % a[l - 1].shape[0] == 0) continue;
    throw StoreError("cannot match neurons: '" + a[l].name + "' does not take the outputs of '" +
                     a[l - 1].name + "'");
  }
}

// Weights in which the neurons of a layer end, a row a neuron: the transpose of the blocks of the layer
// after.
Matrix outgoing(const Tensor& tensor, std::size_t neurons) {
  const std::size_t outputs = tensor.shape[0], width = tensor.values.size() / outputs;
  const std::size_t block = width / neurons;
  Matrix rows(neurons, outputs * block);
  for (std::size_t n = 0; n < neurons; ++n) {
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t k = 0; k < block; ++k)
        rows(n, o * block + k) = tensor.values[o * width + n * block + k];
    }
  }
  return rows;
}

Matrix incoming(const Tensor& tensor) {
  return ConstMap(tensor.values.data(), static_cast<Eigen::Index>(tensor.shape[0]),
                  static_cast<Eigen::Index>(tensor.values.size() / tensor.shape[0]));
}

Tensor with_order(const Tensor& tensor, const std::vector<std::uint32_t>& outputs,
                  const std::vector<std::uint32_t>* inputs) {
  return {tensor.name, tensor.shape, reorder(tensor.values, tensor.shape, outputs, inputs)};
}

// Sums of products that neuron i of `a` and neuron j of `b` in layer l bring, the other layers as matched.
Matrix similarities(const std::vector<Tensor>& a, const std::vector<Tensor>& b,
                    const NeuronMatching& matching, const NeuronMatching& unmatched, std::size_t l) {
  const std::size_t neurons = a[l].shape[0];
  const Tensor into = with_order(b[l], unmatched[l], before(matching, l));
  const Tensor out_of = with_order(b[l + 1], matching[l + 1], &unmatched[l]);
  return incoming(a[l]) * incoming(into).transpose() +
         outgoing(a[l + 1], neurons) * outgoing(out_of, neurons).transpose();
}

double sum_of(const Matrix& similarities, const std::vector<std::uint32_t>& partners) {
  double sum = 0;
  for (std::size_t i = 0; i < partners.size(); ++i)
    sum += similarities(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(partners[i]));
  return sum;
}

// Matches one layer anew; whether that is better than before, by more than rounding.
bool improve(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const NeuronMatching& unmatched,
             std::size_t l, NeuronMatching& matching) {
  const Matrix values = similarities(a, b, matching, unmatched, l);
  const std::vector<double> wide(values.data(), values.data() + values.size());
  std::vector<std::uint32_t> partners = best_assignment(wide, a[l].shape[0]);
  const double found = sum_of(values, partners), had = sum_of(values, matching[l]);
  if (found <= had + 1e-6 * std::max(std::abs(found), std::abs(had))) return false;
  matching[l] = std::move(partners);
  return true;
}

// A column's values among its own rows.
void shuffle_columns(const Tensor& tensor, RandomStream& random, Tensor& result) {
  const std::size_t rows = tensor.shape[0], columns = tensor.values.size() / rows;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::vector<std::uint32_t> order = random.permutation(static_cast<std::uint32_t>(rows));
    for (std::size_t r = 0; r < rows; ++r)
      result.values[r * columns + c] = tensor.values[order[r] * columns + c];
  }
}

void shuffle_all(const Tensor& tensor, RandomStream& random, Tensor& result) {
  const std::vector<std::uint32_t> order =
      random.permutation(static_cast<std::uint32_t>(tensor.values.size()));
  for (std::size_t i = 0; i < order.size(); ++i) result.values[i] = tensor.values[order[i]];
}

}  // namespace

NeuronMatching match_neurons(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  require_same_chain(a, b);
  const NeuronMatching unmatched = identity_matching(shapes_of(a));
  NeuronMatching matching = unmatched;
  for (bool improved = true; improved;) {
    improved = false;
    for (std::size_t l = 0; l + 1 < a.size(); ++l) improved |= improve(a, b, unmatched, l, matching);
  }
  return matching;
}

std::vector<Tensor> reordered(const std::vector<Tensor>& tensors, const NeuronMatching& matching) {
  std::vector<Tensor> result;
  for (std::size_t l = 0; l < tensors.size(); ++l)
    result.push_back(with_order(tensors[l], matching[l], before(matching, l)));
  return result;
}

std::vector<Mask> reordered(const std::vector<Mask>& masks, const NeuronMatching& matching) {
  std::vector<Mask> result;
  for (std::size_t l = 0; l < masks.size(); ++l) {
    const Mask& mask = masks[l];
    result.push_back(
        {mask.name, mask.shape, reorder(mask.keep, mask.shape, matching[l], before(matching, l))});
  }
  return result;
}

std::vector<Tensor> as_tensors(const std::vector<Mask>& masks) {
  std::vector<Tensor> tensors;
  tensors.reserve(masks.size());
  for (const Mask& mask : masks)
    tensors.push_back({mask.name, mask.shape, AlignedVector<float>(mask.keep.begin(), mask.keep.end())});
  return tensors;
}

std::vector<Tensor> shuffled(const std::vector<Tensor>& tensors, MaskChance kept, std::uint64_t seed,
                             std::uint64_t draw) {
  std::vector<Tensor> result = tensors;
  for (std::size_t l = 0; l < tensors.size(); ++l) {
    RandomStream random({seed, "chance/" + tensors[l].name, static_cast<std::uint64_t>(kept), draw});
    if (kept == MaskChance::inputs) {
      shuffle_columns(tensors[l], random, result[l]);
    } else {
      shuffle_all(tensors[l], random, result[l]);
    }
  }
  return result;
}

}  // namespace ltlab
