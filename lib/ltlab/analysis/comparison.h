#pragma once

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/matching_levels.h"
#include "ltlab/analysis/samples.h"

namespace ltlab {

struct ComparisonOptions : MatchingOptions {
  double density_tolerance = kDensityTolerance;  ///< densities count as equal within it: density_distance()
  std::vector<double> densities;  ///< the only ones to compare variants at, beside dense; empty: all
  bool allow_different = false;   ///< compare runs whose data, model or budget differ
  bool pairs = false;             ///< test every pair of variants, too
};

/// A difference of two means, and what tests say of it. The tests of two variants at all densities are a
/// family, whose chance of any false finding stays at 5 %.
struct Difference {
  static constexpr double kNotTested = std::numeric_limits<double>::quiet_NaN();

  MeanTest test;      ///< paired where that is right: test_difference()
  bool same = false;  ///< both are the same networks: there is nothing to test, and p-values are NaN
  double hedges_g = kNotTested;       ///< effect size; NaN where the spread is 0 or there are too few values
  double signed_rank_p = kNotTested;  ///< Wilcoxon's, uncorrected; NaN where the test is not paired
  double corrected_p = kNotTested;    ///< two-sided, by Holm's method over the family
  double corrected_p_of_all = kNotTested;  ///< the same, as if all tests of its table were one family
  /// The p-values of being below by the margin or more, and of not being within it. Densities are ordered, so
  /// these are tested in a fixed sequence from dense to sparse: each is the greatest p-value until here.
  double not_worse_p = kNotTested, equivalent_p = kNotTested;

  bool is_significant() const { return corrected_p < kSignificance; }
  bool is_not_worse() const { return not_worse_p < kSignificance; }
  bool is_equivalent() const { return equivalent_p < kSignificance; }
};

/// A variant's results at one density.
struct DensityResult {
  unsigned level = 0;
  double density = 1;  ///< mean over seeds
  Estimate test_accuracy;
  /// Imports that do not know them have none.
  std::optional<Estimate> validation_accuracy, early_stop_test_accuracy, early_stop_step;
  double still_improving = 0;               ///< mean of VariantNetwork's
  double flops = 0, relative_flops = 0;     ///< the same
  std::optional<Difference> against_base;   ///< of test accuracy; none for the base, and for too few seeds
  std::optional<Difference> against_dense;  ///< from the variant's own dense network; none for that network
};

/// A density, and each variant's result there, in the variants' order; none where it has no such network.
struct ComparedDensity {
  double density = 1;
  std::vector<std::optional<DensityResult>> results;
};

/// A variant as a whole.
struct VariantSummary {
  std::string name;
  Matching matching;  ///< at all its levels, whatever densities are compared
  /// What networks of the sparsest matching level cost, and their test accuracy; none where none is.
  std::optional<double> matching_relative_flops;
  std::optional<Estimate> matching_test_accuracy;
  /// area_under_curve() of test accuracy on Comparison::grid, for the seeds that have all of it.
  std::optional<Estimate> area;
  std::optional<Difference> area_against_base;
};

/// Two variants at one density, by their indices, a before b.
struct ComparedPair {
  std::size_t a = 0, b = 0, density = 0;
  Difference difference;  ///< of a's test accuracy less b's
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
  /// FLOPs of training the base's dense network, to which costs are relative; 0 where they are not known.
  double dense_flops = 0;
  std::vector<VariantSummary> variants;
  std::vector<ComparedDensity> densities;  ///< falling; dense networks first
  /// The densities at which every variant has networks, by index; areas are taken on them alone. Fewer than
  /// two make no area.
  std::vector<std::size_t> grid;
  std::vector<ComparedPair> pairs;  ///< where ComparisonOptions::pairs asks for them
  std::vector<FrontPoint> front;  ///< Pareto front of mean test accuracy against FLOPs, from cheap to costly
};

/// Returns the variants of all runs. ConfigError where there are fewer than two, or names repeat.
std::vector<Variant> all_variants(const std::vector<RecordedRun>& runs);

/// Returns the settings that ought to agree and do not, one line each: data, model, steps or images a step.
std::vector<std::string> disagreements(const std::vector<RecordedRun>& runs);

/// Compares the runs. ConfigError where there are fewer than two variants, names repeat, no network has a
/// requested density, or runs disagree and may not. A network's cost and the sparsest matching level are of
/// all levels, whatever densities are requested.
Comparison compare(const std::vector<RecordedRun>& runs, const ComparisonOptions& options);

}  // namespace ltlab
