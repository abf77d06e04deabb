#include "ltlab/analysis/paired_tests.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace ltlab;

namespace {

// a - b of a = [0.975, 0.981, 0.979, 0.983, 0.978], b = [0.971, 0.9805, 0.972, 0.984, 0.9695].
const std::vector<double> kDifferences = {0.004, 0.0005, 0.007, -0.001, 0.0085};

}  // namespace

TEST_CASE("The paired t test agrees with scipy, the effect size with its definition", "[analysis]") {
  const PairedTest test = test_differences(kDifferences);
  CHECK(test.pairs == 5);
  CHECK(test.mean_difference == Approx(0.0038));
  // scipy.stats.ttest_rel(a, b)
  CHECK(test.t == Approx(2.087093138248131).epsilon(1e-10));
  CHECK(test.p == Approx(0.10517574721063026).epsilon(1e-10));
  CHECK(test.cohen_d == Approx(0.9333764264992376).epsilon(1e-10));
  // Four degrees of freedom: Hedges' exact factor is 0.7978845608, near his approximation 1 - 3 / (4 * 4 - 1)
  // = 0.8.
  CHECK(test.hedges_g == Approx(0.9333764264992376 * 0.7978845608028653).epsilon(1e-10));
}

TEST_CASE("Without a spread of the differences a test says no more than it can", "[analysis]") {
  const PairedTest same = test_differences(std::vector<double>{0, 0, 0});
  CHECK(same.mean_difference == 0);
  CHECK(std::isnan(same.p));
  CHECK(std::isnan(same.signed_rank_p));
  CHECK(std::isnan(same.cohen_d));
  CHECK(test_equivalence(std::vector<double>{0, 0, 0}, 0.1).p() == 0);
  CHECK(std::isnan(test_equivalence(std::vector<double>{0.5, 0.5}, 0.5).p()));
  CHECK(std::isnan(test_equivalence(std::vector<double>{-0.5, -0.5}, 0.5).p()));
  const PairedTest shifted = test_differences(std::vector<double>{0.5, 0.5});
  CHECK(shifted.p == 0);
  CHECK(std::isnan(shifted.hedges_g));
}

TEST_CASE("Wilcoxon's signed-rank test is exact and agrees with scipy", "[analysis]") {
  // scipy.stats.wilcoxon
  CHECK(signed_rank_p(kDifferences) == Approx(0.1875));
  const std::vector<double> eleven = {0.3, -0.1, 0.25, 0.4, -0.35, 0.6, 0.7, 0.05, -0.15, 0.45, 0.8};
  CHECK(signed_rank_p(eleven) == Approx(0.0537109375));
}

TEST_CASE("Tied ranks count all their signs, and differences of zero do not count", "[analysis]") {
  // Ranks 1.5, 1.5, 3: sums 0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6. Of {1, 1, -2} positive are 3, as low as 5 of 8.
  CHECK(signed_rank_p(std::vector<double>{1, 1, -2}) == 1);
  CHECK(signed_rank_p(std::vector<double>{1, 1, 2}) == Approx(2.0 / 8));
  CHECK(signed_rank_p(std::vector<double>{-1, 1, 2}) == Approx(2 * 3.0 / 8));
  CHECK(signed_rank_p(std::vector<double>{0, 1, 1, 0, 2}) == Approx(2.0 / 8));
  // Tied but for rounding: 10 images of 10,000 each.
  CHECK(signed_rank_p(std::vector<double>{0.9810 - 0.9800, 0.9735 - 0.9725, 0.9720 - 0.9740}) == Approx(1));
}

TEST_CASE("Equivalence needs both one-sided tests", "[analysis]") {
  // scipy.stats.ttest_1samp(d, -0.005, alternative="greater"), ttest_1samp(d, 0.01, alternative="less")
  CHECK(test_equivalence(kDifferences, 0.005).p_not_below == Approx(0.004220609451086952).epsilon(1e-10));
  CHECK(test_equivalence(kDifferences, 0.01).p_not_above == Approx(0.013572795706723503).epsilon(1e-10));
  const Equivalence narrow = test_equivalence(kDifferences, 0.005);
  CHECK(narrow.p() == narrow.p_not_above);
  CHECK(narrow.p() > 0.2);
  CHECK(test_equivalence(kDifferences, 0.02).p() < 0.01);
}

TEST_CASE("Holm's correction multiplies by the hypotheses left and never falls", "[analysis]") {
  // 4 * 0.005, 3 * 0.01, 2 * 0.03, and for 0.04 no less than before.
  const std::vector<double> corrected = holm_corrected(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  const std::vector<double> expected = {0.03, 0.06, 0.06, 0.02};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(corrected[i] == Approx(expected[i]));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> with_nan = holm_corrected(std::vector<double>{nan, 0.5, 0.7, 0.01});
  CHECK(std::isnan(with_nan[0]));
  CHECK(with_nan[1] == 1);
  CHECK(with_nan[2] == 1);
  CHECK(with_nan[3] == Approx(0.03));
}
