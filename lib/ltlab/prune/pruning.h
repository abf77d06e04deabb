#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// Which weights compete with each other for survival.
enum class PruningScope {
  layerwise,  ///< those of one parameter
  global      ///< those of all parameters that are pruned at the same rate
};

/// layerwise | global
const NameTable<PruningScope>& pruning_scope_names();

/// One parameter to be pruned, as it stands after training.
struct PruningCandidate {
  Mask mask;
  Tensor weights;  ///< dense, of the mask's shape
  double rate;     ///< fraction of its survivors to prune, in [0, 1]
};

/// Magnitude pruning (Frankle & Carbin 2019, section 1): of the survivors that compete, prunes the fraction
/// `rate` with the smallest |w|, rounded to the nearest whole number; of equal magnitudes the earlier one
/// goes first. The new masks are nested in the old, in the candidates' order.
std::vector<Mask> prune_by_magnitude(const std::vector<PruningCandidate>& candidates, PruningScope scope);

/// A control: masks with as many survivors in each parameter as `masks`, at random places.
std::vector<Mask> random_masks(const std::vector<Mask>& masks, std::uint64_t seed, std::uint64_t level,
                               std::uint64_t trial);

}  // namespace ltlab
