#include "ltlab/analysis/matching_levels.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "ltlab/analysis/resamples.h"

namespace ltlab {
namespace {

using Accuracy = double VariantNetwork::*;

// Imports may not know their accuracy on validation images.
bool knows_validation(const Variant& variant) {
  for (const auto& [level, networks] : variant.levels) {
    for (const auto& [seed, network] : networks) {
      if (std::isnan(network.validation_accuracy)) return false;
    }
  }
  return true;
}

// Returns whether a level matches, given its accuracies and the dense network's, whose difference is tested.
bool is_matching(const std::vector<double>& level, const std::vector<double>& dense,
                 const std::optional<MeanTest>& difference, const MatchingOptions& options) {
  const SampleStatistics of_level = describe(level), of_dense = describe(dense);
  if (options.criterion == Criterion::one_deviation)
    return of_level.mean >= of_dense.mean - of_dense.deviation;
  if (!difference) return of_level.mean >= of_dense.mean;
  return non_inferiority_p(*difference, options.margin) < kSignificance;
}

std::optional<std::size_t> sparsest_of(const std::vector<LevelMatch>& levels, Criterion criterion) {
  std::optional<std::size_t> sparsest;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i].matches) sparsest = i;
    if (!levels[i].matches && criterion == Criterion::not_worse) break;
  }
  return sparsest;
}

// Returns a sample of those seeds alone.
Sample of_seeds(const Sample& sample, const std::vector<std::uint64_t>& seeds) {
  Sample some;
  for (const std::uint64_t seed : seeds) some[seed] = sample.at(seed);
  return some;
}

// Returns the seeds that all samples have.
std::vector<std::uint64_t> common_seeds(const Sample& dense, const std::vector<Sample>& levels) {
  std::vector<std::uint64_t> seeds;
  for (const auto& of_seed : dense) {
    const std::uint64_t seed = of_seed.first;
    if (std::ranges::all_of(levels, [&](const Sample& level) { return level.contains(seed); }))
      seeds.push_back(seed);
  }
  return seeds;
}

std::optional<MatchingDistribution> resample(const Sample& dense, const std::vector<Sample>& levels,
                                             const MatchingOptions& options) {
  const std::vector<std::uint64_t> seeds = common_seeds(dense, levels);
  if (seeds.size() < 2) return std::nullopt;
  const std::vector<double> of_dense = values_of(of_seeds(dense, seeds));
  std::vector<std::vector<double>> values;
  std::vector<Pairing> pairings;
  for (const Sample& level : levels) {
    values.push_back(values_of(of_seeds(level, seeds)));
    pairings.push_back(pairs_of(level, dense) ? Pairing::paired : Pairing::independent);
  }
  return matching_distribution(
      levels.size(), seeds.size(), [&](std::size_t level, std::span<const std::size_t> members) {
        const std::vector<double> a = resampled(values[level], members), b = resampled(of_dense, members);
        return is_matching(a, b, test_difference(a, b, pairings[level]), options);
      });
}

}  // namespace

Matching find_matching(const Variant& variant, const MatchingOptions& options) {
  Matching matching;
  matching.criterion = options.criterion;
  matching.on_validation = options.criterion == Criterion::not_worse && knows_validation(variant);
  const Accuracy accuracy =
      matching.on_validation ? &VariantNetwork::validation_accuracy : &VariantNetwork::test_accuracy;
  const Sample dense = sample_of(variant.levels.at(0), accuracy);
  std::vector<Sample> samples;
  for (const auto& [level, networks] : variant.levels) {
    if (level == 0) continue;
    const Sample sample = sample_of(networks, accuracy);
    LevelMatch match{level, mean_of_networks(networks, &VariantNetwork::density),
                     test_difference(sample, dense)};
    match.matches = is_matching(values_of(sample), values_of(dense), match.difference, options);
    matching.levels.push_back(match);
    samples.push_back(sample);
  }
  matching.sparsest = sparsest_of(matching.levels, options.criterion);
  matching.ended_first = matching.sparsest && *matching.sparsest + 1 == matching.levels.size();
  if (options.criterion == Criterion::not_worse) matching.resampled = resample(dense, samples, options);
  return matching;
}

}  // namespace ltlab
