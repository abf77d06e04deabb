#pragma once

#include <cstddef>
#include <vector>

#include "ltlab/prune/mask.h"

namespace ltlab {

/// The scores that decide which weights of one array leave a mask and which enter it.
struct RegrowthScores {
  std::vector<float> keep;  ///< one a weight; of the survivors, the lowest are dropped
  std::vector<float>
      grow;  ///< of all weights that are then pruned, including those just dropped, the highest grow
};

/// Returns a mask of as many survivors: `count` of them are dropped, and as many pruned weights grow (Evci et
/// al. 2020, arXiv 1911.11134, section 3, steps 3 and 4). If scores are equal, the earlier weight is dropped
/// first and grows first. `count` is at most the number of survivors.
Mask drop_and_grow(const Mask& mask, const RegrowthScores& scores, std::size_t count);

}  // namespace ltlab
