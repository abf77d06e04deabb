#pragma once

#include <cstddef>
#include <span>

#include "ltlab/analysis/statistics.h"

namespace ltlab {

/// Student's t test of a mean, or of a difference of two means. Values without any spread have a standard
/// error of 0: then a p-value is 0 or 1, or NaN where the estimate is the hypothesis itself, of which such
/// values say nothing.
struct MeanTest {
  double estimate = 0;  ///< the mean, or the difference of means
  double standard_error = 0;
  double degrees_of_freedom = 0;
  std::size_t size = 0;         ///< values, or pairs
  std::size_t second_size = 0;  ///< values of the second of two independent samples; 0 where there is one

  /// Returns the confidence interval; throws ConfigError unless 0 < level < 1.
  Interval interval(double level = 0.95) const;
  /// Returns (estimate - null) / standard_error.
  double t(double null = 0) const;
  /// Returns the two-sided p-value of the hypothesis that the mean is `null`.
  double p(double null = 0) const;
  /// Returns the p-value of the hypothesis that the mean is `null` or less; a small one says that it is
  /// above.
  double p_above(double null = 0) const;
  /// Returns the p-value of the hypothesis that the mean is `null` or more; a small one says that it is
  /// below.
  double p_below(double null = 0) const;
};

/// Tests the mean of at least two values, or of the differences of pairs (Student 1908, "The probable error
/// of a mean"). Throws ConfigError as require_values() does.
MeanTest test_mean(std::span<const double> values);

/// Tests mean(a) - mean(b) of independent samples of at least two values each, whose variances may differ
/// (Welch 1947, "The generalization of 'Student's' problem when several different population variances are
/// involved"). Throws ConfigError as require_values() does.
MeanTest test_welch(std::span<const double> a, std::span<const double> b);

/// How two samples belong together: value by value, as results of the same seeds do, or not at all.
enum class Pairing { paired, independent };

/// Tests mean(a) - mean(b): by test_mean() of the differences of pairs, or by test_welch(). Throws
/// ConfigError as they do, and where pairs are incomplete.
MeanTest test_difference(std::span<const double> a, std::span<const double> b, Pairing pairing);

/// Returns the p-value of inferiority, that the mean is -margin or less; a small one says that it is not.
/// Throws ConfigError unless margin > 0.
double non_inferiority_p(const MeanTest& test, double margin);

/// Returns the p-value of a mean outside of +- margin, by two one-sided tests (TOST; Schuirmann 1987, "A
/// comparison of the two one-sided tests procedure and the power approach for assessing the equivalence of
/// average bioavailability"); a small one says that it is within. Throws ConfigError unless margin > 0.
double equivalence_p(const MeanTest& test, double margin);

}  // namespace ltlab
