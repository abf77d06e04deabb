#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace ltlab {

/// Says whether a level is matching, judged by these seeds: indices, of which a resample holds some more than
/// once. resampled() returns the figures of the seeds.
using MatchingCriterion = std::function<bool(std::size_t level, std::span<const std::size_t> seeds)>;

/// How the sparsest matching level varies with the seeds: of levels ordered from dense to sparse, the last
/// before the first that is not matching. A sparser level that happens to be matching again does not count.
struct MatchingDistribution {
  std::vector<double> share;  ///< of resamples, for each level: that it is the sparsest matching one
  double share_of_none = 0;   ///< of resamples: that level 0 is not matching

  /// Returns the densest level that is the sparsest matching one, or sparser than it, in at least this
  /// fraction of resamples; none where level 0 is not matching in so many.
  std::optional<std::size_t> quantile(double fraction) const;
};

/// Returns the distribution of the sparsest matching level over resamples of the seeds (for_each_resample()):
/// the bootstrap of Efron (1979, "Bootstrap methods: another look at the jackknife"), where a resample holds
/// the same seeds at all levels, since a seed's networks descend from each other.
///
/// Few seeds make the distribution too narrow, as every percentile bootstrap: in a simulation where accuracy
/// falls by a quarter of its deviation from level to level, the levels from quantile(0.025) to
/// quantile(0.975) held the population's in 74 % of samples of three seeds, 86 % of five, 92 % of eight.
/// Throws ConfigError without seeds.
MatchingDistribution matching_distribution(std::size_t levels, std::size_t seeds,
                                           const MatchingCriterion& criterion);

}  // namespace ltlab
