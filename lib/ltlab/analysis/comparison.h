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
  double density_tolerance = 0.02;  ///< relative to the greater of two densities that count as equal
  std::vector<double> densities;    ///< the only ones to compare variants at, beside dense; empty: all
  bool allow_different = false;     ///< compare runs whose data, model or budget differ
};

/// A figure of a variant, one value per seed, and the estimate of its mean.
struct Estimate {
  std::map<std::uint64_t, double> values;
  SampleStatistics statistics;
  Interval interval;  ///< bootstrap_interval()
};

/// A paired test against the base, and its p-value corrected for all tests of its kind in the comparison.
struct CorrectedTest : PairedTest {
  double corrected_p = 0;
};

/// A test of whether a network's accuracy equals another's within the margin, and whether it is no worse.
struct CorrectedEquivalence : Equivalence {
  double mean_difference = 0;
  double corrected_p = 0;            ///< of both one-sided tests: equivalent
  double corrected_p_not_below = 0;  ///< of the lower one alone: not worse, maybe better than equivalent
};

/// A variant's results at one density. Pairs share a seed; a test that has fewer than two pairs is empty.
struct DensityResult {
  unsigned level = 0;
  double density = 1;  ///< mean over seeds
  Estimate test_accuracy, early_stop_test_accuracy, early_stop_step;
  double flops = 0, relative_flops = 0;           ///< means of VariantNetwork's
  std::optional<CorrectedTest> against_base;      ///< of test accuracy; none for the base itself
  std::optional<CorrectedEquivalence> with_base;  ///< the same; none for one network
  /// Test accuracy against the variant's own dense network; none for that network itself.
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
  /// The same for those whose corrected test of equivalence with the dense network is significant.
  std::optional<std::size_t> sparsest_equivalent;
  /// The same for those not worse than the dense network by the margin.
  std::optional<std::size_t> sparsest_not_worse;
  /// area_under_curve() of test accuracy, for the seeds that reach Comparison::sparsest_common.
  std::optional<Estimate> area;
  std::optional<CorrectedTest> area_against_base;
};

/// A result of a comparison, by its indices.
struct FrontPoint {
  std::size_t variant = 0, density = 0;
};

/// Variants compared with the first of them, the base.
struct Comparison {
  ComparisonOptions options;
  /// Model, data, budget, steps, batch and other settings that ought to agree; the base's values.
  std::map<std::string, std::string> ground;
  std::vector<std::string> differing;  ///< settings that ought to agree and do not, where that was allowed
  std::vector<VariantSummary> variants;
  std::vector<ComparedDensity> densities;  ///< falling; dense networks first
  double sparsest_common = 1;     ///< the least density that all variants reach; 1 where there is none
  std::vector<FrontPoint> front;  ///< Pareto front of mean test accuracy against FLOPs, from cheap to costly
};

/// Returns the settings that ought to agree and do not, one line each: data, model, steps or images a step.
std::vector<std::string> disagreements(const std::vector<RecordedRun>& runs);

/// Compares the runs. ConfigError where there are fewer than two variants, names repeat, no network has a
/// requested density, or runs disagree and may not. A network's cost and the area under a curve cover all
/// levels, whatever densities are requested.
Comparison compare(const std::vector<RecordedRun>& runs, const ComparisonOptions& options);

}  // namespace ltlab
