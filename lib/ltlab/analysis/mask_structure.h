#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/wiring.h"
#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// How many blocks of `height` outputs by `width` weights of an output hold no survivor. Kernels and hardware
/// can skip such a block; masks of independent weights have few.
struct BlockStructure {
  std::size_t height = 1, width = 1;
  double empty = 0;     ///< fraction of the blocks
  double expected = 0;  ///< the same for as many survivors at random places
};

/// The structure of one layer's mask.
struct LayerStructure {
  std::string name;
  Shape shape;
  std::size_t size = 0, survivors = 0;
  /// The survivors on a path from an input to an output; none where the wiring is not known.
  std::optional<std::size_t> effective_survivors;
  std::vector<std::size_t> output_degrees;  ///< survivors of each output (fan-in)
  std::vector<std::size_t> input_degrees;   ///< survivors of each input (fan-out)
  std::size_t dead_inputs = 0;              ///< inputs without a survivor
  std::size_t dead_outputs = 0;             ///< outputs without a survivor
  /// Outputs on no path from an input to an output; none where the wiring is not known.
  std::optional<std::size_t> dead_neurons;
  std::vector<BlockStructure> blocks;  ///< 1 x 16, 16 x 1, 4 x 4; for a convolution also its kernels

  double density() const;
  std::optional<double> effective_density() const;
};

/// Returns layers in the order of the masks. StoreError where they do not fit each other as `wiring` says.
std::vector<LayerStructure> mask_structure(const std::vector<Mask>& masks,
                                           const std::optional<Wiring>& wiring);

/// Statistics of the survivors' values.
struct WeightStatistics {
  double mean = 0, deviation = 0;  ///< deviation of the sample (n - 1)
  double least_magnitude = 0, greatest_magnitude = 0;
  double positive = 0;  ///< fraction above zero
};

/// Returns statistics of weights of the mask's shape (else StoreError); none where no weight survives.
std::optional<WeightStatistics> weight_statistics(const Mask& mask, const Tensor& weights);

/// Returns the fraction of the survivors with the same sign in both arrays; none where no weight survives.
/// StoreError where the arrays do not have the mask's shape.
std::optional<double> sign_agreement(const Mask& mask, const Tensor& a, const Tensor& b);

/// Returns the magnitude below which the weights `trained` under the mask `before` were pruned: the greatest
/// |w| that survived there and not in `after`; none where nothing was pruned. StoreError where shapes differ.
std::optional<double> pruning_threshold(const Mask& before, const Tensor& trained, const Mask& after);

/// Counts of values in equal intervals from the least to the greatest, both included.
struct Histogram {
  double least = 0, greatest = 0;
  std::vector<std::size_t> counts;
};

/// Returns the histogram of any number of values; all are in the first bin where they are equal.
Histogram histogram(const std::vector<double>& values, std::size_t bins);

/// The same for whole numbers: all bins count equally many, the fewest that need at most `most_bins` bins.
Histogram degree_histogram(const std::vector<std::size_t>& degrees, std::size_t most_bins);

}  // namespace ltlab
