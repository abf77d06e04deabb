#include "ltlab/analysis/neuron_matching.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "ltlab/analysis/assignment.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

namespace ltlab {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstMap = Eigen::Map<const Matrix>;

NeuronMatching identity_matching(const std::vector<Tensor>& tensors) {
  NeuronMatching matching;
  for (const Tensor& tensor : tensors) {
    matching.emplace_back(tensor.shape[0]);
    std::iota(matching.back().begin(), matching.back().end(), 0U);
  }
  return matching;
}

// Returns the array (outputs, rest) with its outputs, and the inputs by which they take the layer before, in
// the order of the partners. `before` is null for the first layer.
template <class Values>
Values reorder(const Values& values, const Shape& shape, const std::vector<std::uint32_t>& outputs,
               const std::vector<std::uint32_t>* before) {
  Values result(values.size());
  const std::size_t width = values.size() / shape[0];
  const std::size_t block = before ? width / before->size() : width;  // weights per neuron taken
  for (std::size_t o = 0; o < shape[0]; ++o) {
    for (std::size_t i = 0; i < width / block; ++i) {
      const std::size_t partner = outputs[o] * width + (before ? (*before)[i] : i) * block;
      std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(partner), block,
                  result.begin() + static_cast<std::ptrdiff_t>(o * width + i * block));
    }
  }
  return result;
}

// Returns the partners of the units that a layer takes; null where it takes images alone.
const std::vector<std::uint32_t>* before(const NeuronMatching& matching, const Sources& sources) {
  const auto units = [&](std::size_t source) { return matching[source].size(); };
  const auto widest = std::ranges::max_element(sources.layers, {}, units);
  return widest == sources.layers.end() ? nullptr : &matching[*widest];
}

void require_same_network(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const Wiring& wiring) {
  if (!std::ranges::equal(a, b, {}, &Tensor::shape, &Tensor::shape))
    throw StoreError("cannot match neurons: the networks differ in shape");
  std::vector<std::size_t> outputs;
  outputs.reserve(a.size());
  for (const Tensor& tensor : a) outputs.push_back(tensor.shape[0]);
  for (std::size_t l = 0; l < a.size(); ++l) input_units(a[l].name, a[l].shape[1], wiring[l], outputs);
}

// Units that have partners among themselves: outputs [first, first + count) of layers whose outputs are
// added up, or of a single one.
struct UnitBlock {
  std::vector<std::size_t> layers;
  std::size_t first = 0, count = 0;
};

// Returns a label for each layer, the same for layers whose outputs are added up.
std::vector<std::size_t> streams_of(const Wiring& wiring) {
  std::vector<std::size_t> stream(wiring.size());
  std::iota(stream.begin(), stream.end(), std::size_t{0});
  for (const Sources& sources : wiring) {
    for (const std::size_t source : sources.layers)
      std::replace(stream.begin(), stream.end(), std::size_t(stream[source]),
                   std::size_t(stream[sources.layers.front()]));
  }
  return stream;
}

// Returns whether the units of each stream may move: not if they are classes, or added to the images.
std::vector<bool> movable_streams(const Wiring& wiring, const std::vector<std::size_t>& stream) {
  std::vector<bool> movable(wiring.size(), false);
  for (const Sources& sources : wiring) {
    for (const std::size_t source : sources.layers) movable[stream[source]] = true;
  }
  for (const Sources& sources : wiring) {
    if (sources.images && !sources.layers.empty()) movable[stream[sources.layers.front()]] = false;
  }
  return movable;
}

// Returns the units that may move. A wider layer of a stream begins with the units of the narrower ones.
std::vector<UnitBlock> unit_blocks(const std::vector<Tensor>& tensors, const Wiring& wiring) {
  const std::vector<std::size_t> stream = streams_of(wiring);
  const std::vector<bool> movable = movable_streams(wiring, stream);
  std::map<std::size_t, std::set<std::size_t>> widths;  // of each stream
  for (std::size_t l = 0; l < tensors.size(); ++l) {
    if (movable[stream[l]]) widths[stream[l]].insert(tensors[l].shape[0]);
  }
  std::vector<UnitBlock> blocks;
  for (const auto& [label, ends] : widths) {
    std::size_t first = 0;
    for (const std::size_t end : ends) {
      blocks.push_back({{}, first, end - first});
      for (std::size_t l = 0; l < tensors.size(); ++l) {
        if (stream[l] == label && tensors[l].shape[0] >= end) blocks.back().layers.push_back(l);
      }
      first = end;
    }
  }
  return blocks;
}

// Returns the weights in which the neurons of a layer end, one row per neuron: the transpose of the blocks of
// the layer after.
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

// Returns whether a layer takes the units of a block.
bool takes(const Sources& sources, const UnitBlock& block) {
  return std::ranges::find_first_of(sources.layers, block.layers) != sources.layers.end();
}

// Adds the products of all rows of `a` with all rows of `b`. Weights pruned in `a` cost nothing. It uses no
// threads: those of Eigen's products would wait for each other where draws are matched side by side.
void add_products(const Matrix& a, const Matrix& b, Matrix& sum) {
  const Matrix columns = b.transpose();
  for (Eigen::Index i = 0; i < a.rows(); ++i) {
    for (Eigen::Index k = 0; k < a.cols(); ++k) {
      if (a(i, k) != 0) sum.row(i) += a(i, k) * columns.row(k);
    }
  }
}

// Matches one network to another, a block of units at a time.
class Matcher {
 public:
  Matcher(const std::vector<Tensor>& a, const std::vector<Tensor>& b, const Wiring& wiring)
      : a_(a), b_(b), wiring_(wiring), unmatched_(identity_matching(a)), matching_(unmatched_) {}

  // Matches a block anew; returns whether that is better than before.
  bool improve(const UnitBlock& block) {
    const Matrix values = similarities(block);
    const std::vector<double> wide(values.data(), values.data() + values.size());
    const std::vector<std::uint32_t> partners = best_assignment(wide, block.count);
    NeuronMatching found = matching_;
    for (const std::size_t l : block.layers) {
      for (std::size_t i = 0; i < block.count; ++i)
        found[l][block.first + i] = static_cast<std::uint32_t>(block.first + partners[i]);
    }
    const double had = agreement(block, matching_);
    if (agreement(block, found) <= had + 1e-9 * std::abs(had)) return false;
    matching_ = std::move(found);
    return true;
  }

  const NeuronMatching& matching() const { return matching_; }

 private:
  // Returns the sums of products that unit i of `a` and unit j of `b` bring, all else as matched.
  Matrix similarities(const UnitBlock& block) const {
    const auto first = static_cast<Eigen::Index>(block.first), count = static_cast<Eigen::Index>(block.count);
    Matrix sum = Matrix::Zero(count, count);
    const auto add = [&](const Matrix& of_a, const Matrix& of_b) {
      add_products(of_a.middleRows(first, count), of_b.middleRows(first, count), sum);
    };
    for (const std::size_t l : block.layers)
      add(incoming(a_[l]), incoming(with_order(b_[l], unmatched_[l], before(matching_, wiring_[l]))));
    for (std::size_t l = 0; l < a_.size(); ++l) {
      if (!takes(wiring_[l], block)) continue;
      const std::size_t units = before(matching_, wiring_[l])->size();
      add(outgoing(a_[l], units),
          outgoing(with_order(b_[l], matching_[l], before(unmatched_, wiring_[l])), units));
    }
    if (!sum.allFinite())
      throw StoreError("weights are so large that their products are not finite: match neurons by masks");
    return sum;
  }

  // Returns the sum of products of weights of `a` with those of the matched `b`, in the block's layers.
  double agreement(const UnitBlock& block, const NeuronMatching& matching) const {
    double sum = 0;
    for (std::size_t l = 0; l < a_.size(); ++l) {
      const bool gives = std::ranges::find(block.layers, l) != block.layers.end();
      if (!gives && !takes(wiring_[l], block)) continue;
      const Tensor matched = with_order(b_[l], matching[l], before(matching, wiring_[l]));
      sum += std::inner_product(a_[l].values.begin(), a_[l].values.end(), matched.values.begin(), 0.0);
    }
    return sum;
  }

  const std::vector<Tensor>&a_, &b_;
  const Wiring& wiring_;
  NeuronMatching unmatched_, matching_;
};

}  // namespace

NeuronMatching match_neurons(const std::vector<Tensor>& a, const std::vector<Tensor>& b,
                             const Wiring& wiring) {
  require_same_network(a, b, wiring);
  Matcher matcher(a, b, wiring);
  const std::vector<UnitBlock> blocks = unit_blocks(a, wiring);
  for (bool improved = true; improved;) {
    improved = false;
    for (const UnitBlock& block : blocks) improved |= matcher.improve(block);
  }
  return matcher.matching();
}

std::vector<Tensor> reordered(const std::vector<Tensor>& tensors, const NeuronMatching& matching,
                              const Wiring& wiring) {
  std::vector<Tensor> result;
  for (std::size_t l = 0; l < tensors.size(); ++l)
    result.push_back(with_order(tensors[l], matching[l], before(matching, wiring[l])));
  return result;
}

std::vector<Mask> reordered(const std::vector<Mask>& masks, const NeuronMatching& matching,
                            const Wiring& wiring) {
  std::vector<Mask> result = masks;
  for (std::size_t l = 0; l < masks.size(); ++l)
    result[l].keep = reorder(masks[l].keep, masks[l].shape, matching[l], before(matching, wiring[l]));
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
    const auto& values = tensors[l].values;
    RandomStream random({seed, "chance/" + tensors[l].name, static_cast<std::uint64_t>(kept), draw});
    // Each column's values are shuffled among its own rows; of the whole layer's, as one column.
    const std::size_t rows = kept == MaskChance::inputs ? tensors[l].shape[0] : values.size(),
                      columns = values.size() / rows;
    for (std::size_t c = 0; c < columns; ++c) {
      const std::vector<std::uint32_t> order = random.permutation(static_cast<std::uint32_t>(rows));
      for (std::size_t r = 0; r < rows; ++r)
        result[l].values[r * columns + c] = values[order[r] * columns + c];
    }
  }
  return result;
}

}  // namespace ltlab
