#include "ltlab/analysis/paired_tests.h"

#include <catch2/catch.hpp>
#include <cmath>
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

TEST_CASE("Equivalence needs both one-sided tests", "[analysis]") {
  // scipy.stats.ttest_1samp(d, -0.005, alternative="greater"), ttest_1samp(d, 0.01, alternative="less")
  CHECK(test_equivalence(kDifferences, 0.005).p_not_below == Approx(0.004220609451086952).epsilon(1e-10));
  CHECK(test_equivalence(kDifferences, 0.01).p_not_above == Approx(0.013572795706723503).epsilon(1e-10));
  const Equivalence narrow = test_equivalence(kDifferences, 0.005);
  CHECK(narrow.p() == narrow.p_not_above);
  CHECK(narrow.p() > 0.2);
  CHECK(test_equivalence(kDifferences, 0.02).p() < 0.01);
}
