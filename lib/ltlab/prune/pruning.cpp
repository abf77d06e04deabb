#include "ltlab/prune/pruning.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace ltlab {
namespace {

// Survivors that are pruned together.
struct ScoredGroup {
  double score;  // mean
  std::uint32_t candidate, number;
};

// The groups of one candidate that have survivors, and the group of each weight.
struct Grouping {
  std::vector<std::uint32_t> group_of;  // for each weight
  std::vector<std::uint32_t> sizes;     // survivors of each group
  std::vector<double> sums;             // of their scores
};

Grouping group_survivors(const PruningCandidate& candidate, const Granularity& granularity) {
  const auto& [mask, scores] = candidate;
  Grouping grouping;
  grouping.group_of = weight_groups(mask.shape, granularity);
  const std::size_t groups = grouping.group_of.empty() ? 0 : 1 + *std::ranges::max_element(grouping.group_of);
  grouping.sizes.assign(groups, 0);
  grouping.sums.assign(groups, 0);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (!mask.keep[i]) continue;
    ++grouping.sizes[grouping.group_of[i]];
    grouping.sums[grouping.group_of[i]] += scores[i];
  }
  return grouping;
}

// Returns whether pruning `size` more than `pruned` comes nearer to `wanted`, or as near.
bool comes_nearer(std::size_t pruned, std::size_t size, std::size_t wanted) {
  return 2 * pruned + size <= 2 * wanted;
}

void prune_to(const Quota& quota, const std::vector<PruningCandidate>& candidates,
              const Granularity& granularity, std::vector<Mask>& masks) {
  std::vector<Grouping> groupings;
  std::vector<ScoredGroup> groups;
  std::vector<std::size_t> left;  // survivors of each of the quota's candidates
  std::size_t survivors = 0;
  for (std::uint32_t q = 0; q < quota.candidates.size(); ++q) {
    groupings.push_back(group_survivors(candidates[quota.candidates[q]], granularity));
    const Grouping& grouping = groupings.back();
    left.push_back(0);
    for (std::uint32_t g = 0; g < grouping.sizes.size(); ++g) {
      const std::uint32_t size = grouping.sizes[g];
      if (size > 0) groups.push_back({grouping.sums[g] / size, q, g});
      left[q] += size;
    }
    survivors += left[q];
  }
  const std::size_t wanted = survivors - std::min(survivors, quota.survivors);
  // Stable, so that ties go by position and the result is the same everywhere.
  std::ranges::stable_sort(groups, {}, &ScoredGroup::score);
  std::size_t pruned = 0;
  for (const ScoredGroup& group : groups) {
    std::uint32_t& size = groupings[group.candidate].sizes[group.number];
    if (!comes_nearer(pruned, size, wanted)) break;
    if (left[group.candidate] < quota.least + size) continue;
    left[group.candidate] -= size;
    pruned += size;
    size = 0;
  }
  for (std::size_t q = 0; q < quota.candidates.size(); ++q) {
    std::vector<std::uint8_t>& keep = masks[quota.candidates[q]].keep;
    for (std::size_t i = 0; i < keep.size(); ++i)
      keep[i] = keep[i] && groupings[q].sizes[groupings[q].group_of[i]] > 0;
  }
}

// Keeps the N survivors of highest score in each run.
void prune_to_pattern(const PruningCandidate& candidate, const Granularity& granularity, Mask& mask) {
  const std::vector<std::uint32_t> run_of = weight_groups(mask.shape, granularity);
  std::vector<std::vector<std::uint32_t>> runs(1 + *std::ranges::max_element(run_of));
  for (std::uint32_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) runs[run_of[i]].push_back(i);
  }
  for (std::vector<std::uint32_t>& run : runs) {
    std::ranges::stable_sort(run, {}, [&](std::uint32_t i) { return candidate.scores[i]; });
    for (std::size_t i = 0; i + granularity.kept < run.size(); ++i) mask.keep[run[i]] = 0;
  }
}

void check_finite(const PruningCandidate& candidate) {
  const auto& [mask, scores] = candidate;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (mask.keep[i] && !std::isfinite(scores[i]))
      throw NumericError("the score of a weight of '" + mask.name + "' is not finite");
  }
}

}  // namespace

std::vector<Mask> prune_by_score(const std::vector<PruningCandidate>& candidates,
                                 const std::vector<Quota>& quotas, const Granularity& granularity) {
  std::vector<Mask> masks;
  for (const PruningCandidate& candidate : candidates) {
    check_finite(candidate);
    masks.push_back(candidate.mask);
  }
  for (const Quota& quota : quotas) {
    if (granularity.kind == Granularity::Kind::pattern) {
      for (const std::size_t c : quota.candidates) prune_to_pattern(candidates[c], granularity, masks[c]);
    } else {
      prune_to(quota, candidates, granularity, masks);
    }
  }
  return masks;
}

std::vector<std::uint32_t> lowest(std::vector<std::uint32_t> weights, const std::vector<float>& scores,
                                  std::size_t count) {
  std::ranges::stable_sort(weights, std::less<>(), [&](std::uint32_t i) { return scores[i]; });
  weights.resize(count);
  return weights;
}

Mask drop_and_grow(const Mask& mask, const std::vector<std::uint32_t>& dropped,
                   const std::vector<float>& growth) {
  Mask result = mask;
  for (const std::uint32_t i : dropped) result.keep[i] = 0;
  std::vector<std::uint32_t> pruned = places_of(result, 0);
  std::ranges::stable_sort(pruned, std::greater<>(), [&](std::uint32_t i) { return growth[i]; });
  for (std::size_t i = 0; i < dropped.size(); ++i) result.keep[pruned[i]] = 1;
  return result;
}

Mask draw_mask(const std::string& name, const Shape& shape, std::size_t survivors, RandomStream random) {
  Mask mask{name, shape, std::vector<std::uint8_t>(element_count(shape), 0)};
  const std::vector<std::uint32_t> order = random.permutation(static_cast<std::uint32_t>(mask.size()));
  for (std::size_t i = 0; i < survivors; ++i) mask.keep[order[i]] = 1;
  return mask;
}

std::vector<Mask> random_masks(const std::vector<Mask>& masks, std::uint64_t seed, std::uint64_t level,
                               std::uint64_t trial) {
  std::vector<Mask> result;
  result.reserve(masks.size());
  for (const Mask& mask : masks) {
    result.push_back(draw_mask(mask.name, mask.shape, mask.survivors(),
                               RandomStream({seed, "random-mask/" + mask.name, level, trial})));
  }
  return result;
}

std::vector<Mask> random_masks_of_network(const std::vector<Mask>& masks, std::uint64_t seed,
                                          std::uint64_t level, std::uint64_t trial) {
  std::size_t weights = 0, survivors = 0;
  for (const Mask& mask : masks) {
    weights += mask.size();
    survivors += mask.survivors();
  }
  const Mask all =  // weights of all masks in turn
      draw_mask("", {weights}, survivors, RandomStream({seed, "global-random-mask", level, trial}));
  auto from = all.keep.begin();
  std::vector<Mask> result = masks;
  for (Mask& mask : result) {
    std::copy_n(from, mask.size(), mask.keep.begin());
    from += static_cast<std::ptrdiff_t>(mask.size());
  }
  return result;
}

}  // namespace ltlab
