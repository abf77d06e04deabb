#include "ltlab/prune/regrowth.h"

#include <algorithm>
#include <cstdint>
#include <functional>

namespace ltlab {
namespace {

// Returns the places of the weights that are kept (1) or pruned (0), in order.
std::vector<std::uint32_t> places_of(const Mask& mask, std::uint8_t keep) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i] == keep) places.push_back(i);
  }
  return places;
}

}  // namespace

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
