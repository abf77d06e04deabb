#pragma once

#include <cstddef>
#include <span>

#include "ltlab/analysis/families.h"
#include "ltlab/analysis/signed_rank.h"
#include "ltlab/analysis/statistics.h"

namespace ltlab {

/// A test of whether paired values differ, by their differences. Figures that the differences leave
/// undefined, such as a quotient by a deviation of 0, are NaN.
struct PairedTest {
  std::size_t pairs = 0;
  double mean_difference = 0;
  Interval interval;         ///< of the mean difference: bootstrap_interval()
  double t = 0;              ///< Student's statistic
  double p = 0;              ///< of the paired t test, two-sided
  double signed_rank_p = 0;  ///< of Wilcoxon's signed-rank test
  double cohen_d = 0;        ///< effect size d_z: mean difference over the deviation of differences
  /// d_z freed of its bias by Hedges' exact factor for pairs - 1 degrees of freedom (Hedges 1981,
  /// "Distribution theory for Glass's estimator of effect size"); needs three pairs.
  double hedges_g = 0;
};

/// Tests at least two differences.
PairedTest test_differences(std::span<const double> differences);

/// A test of whether a mean difference lies within +- margin, by two one-sided paired t tests (TOST;
/// Schuirmann 1987, "A comparison of the two one-sided tests procedure and the power approach for assessing
/// the equivalence of average bioavailability"). NaN where all differences equal the margin.
struct Equivalence {
  double p_not_below = 0;  ///< of: it lies at -margin or below
  double p_not_above = 0;  ///< of: it lies at +margin or above
  double p() const;        ///< of: either
};

/// Tests at least two differences; margin > 0.
Equivalence test_equivalence(std::span<const double> differences, double margin);

}  // namespace ltlab
