#include "ltlab/prune/pruning.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

struct Survivor {
  float magnitude;
  std::uint32_t candidate, position;
};

// Prunes the fraction `rate` of the survivors of `group` (indices into candidates) that are smallest
// together.
void prune_group(const std::vector<PruningCandidate>& candidates, const std::vector<std::uint32_t>& group,
                 double rate, std::vector<Mask>& masks) {
  std::vector<Survivor> survivors;
  for (const std::uint32_t c : group) {
    const auto& [mask, weights, unused] = candidates[c];
    for (std::uint32_t i = 0; i < mask.keep.size(); ++i) {
      if (mask.keep[i]) survivors.push_back({std::abs(weights.values[i]), c, i});
    }
  }
  const auto count = static_cast<std::size_t>(std::llround(rate * static_cast<double>(survivors.size())));
  // Stable, so that ties go by position and the result is the same everywhere.
  std::ranges::stable_sort(survivors, {}, &Survivor::magnitude);
  for (std::size_t i = 0; i < count; ++i) masks[survivors[i].candidate].keep[survivors[i].position] = 0;
}

}  // namespace

const NameTable<PruningScope>& pruning_scope_names() {
  static const NameTable<PruningScope> table(
      "pruning scope", {{PruningScope::layerwise, "layerwise"}, {PruningScope::global, "global"}});
  return table;
}

std::vector<Mask> prune_by_magnitude(const std::vector<PruningCandidate>& candidates, PruningScope scope) {
  std::vector<Mask> masks;
  std::map<double, std::vector<std::uint32_t>> by_rate;
  for (const PruningCandidate& candidate : candidates) {
    by_rate[candidate.rate].push_back(static_cast<std::uint32_t>(masks.size()));
    masks.push_back(candidate.mask);
  }
  for (const auto& [rate, group] : by_rate) {
    if (scope == PruningScope::global) {
      prune_group(candidates, group, rate, masks);
    } else {
      for (const std::uint32_t c : group) prune_group(candidates, {c}, rate, masks);
    }
  }
  return masks;
}

std::vector<Mask> random_masks(const std::vector<Mask>& masks, std::uint64_t seed, std::uint64_t level,
                               std::uint64_t trial) {
  std::vector<Mask> result;
  for (const Mask& mask : masks) {
    RandomStream random({seed, "random-mask/" + mask.name, level, trial});
    const std::vector<std::uint32_t> order = random.permutation(static_cast<std::uint32_t>(mask.size()));
    Mask drawn{mask.name, mask.shape, std::vector<std::uint8_t>(mask.size(), 0)};
    const std::size_t survivors = mask.survivors();
    for (std::size_t i = 0; i < survivors; ++i) drawn.keep[order[i]] = 1;
    result.push_back(std::move(drawn));
  }
  return result;
}

}  // namespace ltlab
