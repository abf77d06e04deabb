#include "ltlab/prune/regrowth.h"

#include <algorithm>
#include <cstdint>
#include <functional>

namespace ltlab {

Mask drop_and_grow(const Mask& mask, const RegrowthScores& scores, std::size_t count) {
  Mask result = mask;
  std::vector<std::uint32_t> survivors = places_of(mask, 1);
  std::ranges::stable_sort(survivors, std::less<>(), [&](std::uint32_t i) { return scores.keep[i]; });
  for (std::size_t i = 0; i < count; ++i) result.keep[survivors[i]] = 0;
  std::vector<std::uint32_t> pruned = places_of(result, 0);
  std::ranges::stable_sort(pruned, std::greater<>(), [&](std::uint32_t i) { return scores.grow[i]; });
  for (std::size_t i = 0; i < count; ++i) result.keep[pruned[i]] = 1;
  return result;
}

}  // namespace ltlab
