#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/bootstrap.h"
#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/paired_tests.h"
#include "ltlab/analysis/statistics.h"

namespace ltlab {

/// A corrected p-value below it is called significant.
constexpr double kSignificance = 0.05;

struct ComparisonOptions {
  double margin = 0.005;            ///< of equivalence, in test accuracy: 0.005 is half a point
  double density_tolerance = 0.02;  ///< relative to the greater of two densities that pass for the same
  std::vector<double> densities;    ///< where alone variants are compared, beside dense; empty: everywhere
  bool allow_different = false;     ///< compare runs whose data, model or budget differ
};

/// A figure of a variant, a value a seed, and what they tell of its mean.
struct Estimate {
  std::map<std::uint64_t, double> values;
  SampleStatistics statistics;
  Interval interval;  ///< bootstrap_interval()
};

/// A paired test against the base, and its p-value corrected for all tests of its kind in the comparison.
struct CorrectedTest : PairedTest {
  double corrected_p = 0;
};

/// Whether a network's accuracy is another one's within the margin, and whether it is no worse.
struct CorrectedEquivalence : Equivalence {
  double mean_difference = 0;
  double corrected_p = 0;            ///< of both one-sided tests: equivalent
  double corrected_p_not_below = 0;  ///< of the one below alone: not worse, maybe better than equivalent
};

/// What a variant reaches at one density. Pairs are of the same seed; a test that has fewer than two is
/// empty.
struct DensityResult {
  unsigned level = 0;
  double density = 1;  ///< mean over seeds
  Estimate test_accuracy, early_stop_test_accuracy, early_stop_step;
  double flops = 0, relative_flops = 0;           ///< means of VariantNetwork's
  std::optional<CorrectedTest> against_base;      ///< of test accuracy; none of the base itself
  std::optional<CorrectedEquivalence> with_base;  ///< likewise; none of one network
  /// Of test accuracy, with the variant's own dense network; none of that itself.
  std::optional<CorrectedEquivalence> with_dense;
};

/// A density, and each variant's result there, in the variants' order; none where it has no such network.
struct ComparedDensity {
  double density = 1;
  std::vector<std::optional<DensityResult>> results;
};

/// A variant as a whole.
struct VariantSummary {
  std::string name;
  double required_accuracy = 0;  ///< to match the dense network: as of Verdict
  /// Index of the sparsest density whose mean test accuracy reaches it; none where no pruned network does.
  std::optional<std::size_t> sparsest_matching;
  /// The same of those whose corrected test of equivalence with the dense network is significant.
  std::optional<std::size_t> sparsest_equivalent;
  /// The same of those not worse than the dense network by the margin.
  std::optional<std::size_t> sparsest_not_worse;
  /// area_under_curve() of test accuracy, of seeds that reach Comparison::sparsest_common.
  std::optional<Estimate> area;
  std::optional<CorrectedTest> area_against_base;
};

/// A result of a comparison, by its indices.
struct FrontPoint {
  std::size_t variant = 0, density = 0;
};

/// Variants held against the first of them, the base.
struct Comparison {
  ComparisonOptions options;
  /// Model, data, budget, steps, batch and what else ought to agree; the base's.
  std::map<std::string, std::string> ground;
  std::vector<std::string> differing;  ///< settings that ought to agree and do not, where that was allowed
  std::vector<VariantSummary> variants;
  std::vector<ComparedDensity> densities;  ///< falling; dense networks first
  double sparsest_common = 1;     ///< the least density that all variants reach; 1 where there is none
  std::vector<FrontPoint> front;  ///< Pareto front of mean test accuracy against FLOPs, from cheap to costly
};

/// In what the runs ought to agree and do not, a line each: data, model, steps or images a step.
std::vector<std::string> disagreements(const std::vector<RecordedRun>& runs);

/// ConfigError where there are no two variants, names repeat, no network has a density that is asked for, or
/// runs disagree and may not. What a network cost and the area under a curve are of all levels, whatever
/// densities are asked for.
Comparison compare(const std::vector<RecordedRun>& runs, const ComparisonOptions& options);

}  // namespace ltlab
