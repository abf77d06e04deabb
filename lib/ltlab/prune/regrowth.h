#pragma once

#include <cstddef>
#include <vector>

#include "ltlab/prune/mask.h"

namespace ltlab {

/// What decides which weights of one array leave a mask and which come into it.
struct RegrowthScores {
  std::vector<float> keep;  ///< one a weight: of the survivors, the lowest are dropped
  std::vector<float>
      grow;  ///< likewise: of all that then are pruned, those just dropped too, the highest grow
};

/// A mask of as many survivors: `count` of them are dropped, and as many pruned weights grow (Evci et al.
/// 2020, arXiv 1911.11134, section 3, steps 3 and 4). Of equal scores, the earlier weight is dropped first
/// and grows first. `count` is at most the number of survivors.
Mask drop_and_grow(const Mask& mask, const RegrowthScores& scores, std::size_t count);

}  // namespace ltlab
