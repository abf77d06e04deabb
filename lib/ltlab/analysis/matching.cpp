#include "ltlab/analysis/matching.h"

#include <cstdint>
#include <numeric>

#include "ltlab/analysis/resamples.h"
#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Returns how many levels are matching before the first that is not.
std::size_t count_matching(std::size_t levels, std::span<const std::size_t> seeds,
                           const MatchingCriterion& criterion) {
  std::size_t level = 0;
  while (level < levels && criterion(level, seeds)) ++level;
  return level;
}

std::optional<std::size_t> last_of(std::size_t count) {
  return count == 0 ? std::nullopt : std::optional(count - 1);
}

}  // namespace

std::optional<std::size_t> MatchingDistribution::quantile(double fraction) const {
  // Sums of shares are rounded: without this, all of them might add up to less than 1.
  constexpr double kSumRounding = 1e-12;
  double sum = share_of_none;
  std::size_t matching = 0;
  while (sum < fraction - kSumRounding && matching < share.size()) sum += share[matching++];
  return last_of(matching);
}

MatchingDistribution matching_distribution(std::size_t levels, std::size_t seeds,
                                           const MatchingCriterion& criterion) {
  if (seeds == 0) throw ConfigError("the sparsest matching level needs at least one seed");
  std::vector<std::uint64_t> resamples(levels + 1);  // by how many levels are matching
  for_each_resample(seeds, [&](std::span<const std::size_t> members, std::uint64_t times) {
    resamples[count_matching(levels, members, criterion)] += times;
  });
  const auto all = static_cast<double>(std::accumulate(resamples.begin(), resamples.end(), std::uint64_t{0}));
  MatchingDistribution distribution;
  distribution.share_of_none = static_cast<double>(resamples.front()) / all;
  distribution.share.reserve(levels);
  for (std::size_t level = 0; level < levels; ++level)
    distribution.share.push_back(static_cast<double>(resamples[level + 1]) / all);
  return distribution;
}

}  // namespace ltlab
