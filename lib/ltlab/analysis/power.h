#pragma once

#include <cstddef>

#include "ltlab/analysis/mean_test.h"

namespace ltlab {

/// What a test of a mean, or of a difference of means, is to show.
enum class Alternative {
  different,  ///< it is not 0: MeanTest::p()
  above,      ///< it is above 0: MeanTest::p_above()
  not_worse,  ///< it is above -margin: non_inferiority_p()
  equivalent  ///< it is within +- margin: equivalence_p()
};

/// A test that is planned before anything is trained. Figures are as the test will see them: the deviation is
/// that of the differences of pairs, or that of each of two independent samples of equal sizes.
struct PlannedTest {
  Alternative alternative = Alternative::different;
  Pairing pairing = Pairing::paired;
  double alpha = 0.05;  ///< the chance to claim what is not so
  double margin = 0;    ///< of `not_worse` and `equivalent`
};

/// Returns the chance that so many seeds (of each sample, where there are two) show the claim, if the true
/// mean or difference is `effect` and values are normal. Exact for pairs: the distribution of the noncentral
/// t (Owen 1965, "A special case of a bivariate non-central t-distribution"), integrated numerically over
/// that of the deviation, which serves two one-sided tests too. For two samples it is that of the test with a
/// pooled variance, from which Welch's differs little where sizes and variances are equal. Throws ConfigError
/// for fewer than two seeds, unless deviation > 0 and 0 < alpha < 0.5, and for a claim of a margin unless
/// margin > 0.
double power(const PlannedTest& test, double effect, double deviation, std::size_t seeds);

/// Returns the least number of seeds (of each sample) that reaches the power. Throws ConfigError as power()
/// does, unless 0 < power < 1, and where 100,000 do not reach it, as none do if the claim is not true.
std::size_t seeds_needed(const PlannedTest& test, double effect, double deviation, double power);

/// Returns the least effect, 0 or above, that so many seeds show with this power, if the claim has no margin.
/// Throws ConfigError as power() does, unless 0 < power < 1, and for a claim of a margin.
double smallest_effect(const PlannedTest& test, double deviation, std::size_t seeds, double power);

/// Returns the least margin for which so many seeds show with this power that a mean, or difference, is not
/// worse or equivalent, if it is `effect`; `test.margin` does not count. 0 where no margin is needed, since
/// the effect itself is shown. Throws ConfigError as power() does, unless 0 < power < 1, and for a claim
/// without a margin.
double smallest_margin(const PlannedTest& test, double effect, double deviation, std::size_t seeds,
                       double power);

}  // namespace ltlab
