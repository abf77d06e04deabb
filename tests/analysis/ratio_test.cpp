#include "ltlab/analysis/ratio.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

const std::vector<double> kA = {10.2, 11.9, 9.1, 14.0, 12.3}, kB = {4.1, 5.2, 4.6, 5.9, 4.0},
                          kC = {4.1, 5.2, 4.6, 5.9, 4.0, 6.5};

}  // namespace

TEST_CASE("A ratio of means is tested by a contrast", "[analysis][statistics]") {
  // scipy.stats.ttest_rel(a, numpy.multiply(2, b)), ttest_ind(a, numpy.multiply(2, c), equal_var=False)
  CHECK(test_ratio(kA, kB, Pairing::paired, 2).p() == Approx(0.04872087372796083).epsilon(1e-10));
  CHECK(test_ratio(kA, kC, Pairing::independent, 2).p() == Approx(0.2675226925106615).epsilon(1e-10));
}

TEST_CASE("Fieller's interval agrees with its closed form", "[analysis][statistics]") {
  // The roots of (b^2 - t^2 S_bb) r^2 - 2 (a b - t^2 S_ab) r + a^2 - t^2 S_aa by numpy.roots, with S of
  // numpy.cov(a, b) / 5 and t of scipy.stats.t.ppf.
  const Interval paired = ratio_interval(kA, kB, Pairing::paired);
  CHECK(paired.low == Approx(2.00356095).epsilon(1e-8));
  CHECK(paired.high == Approx(2.9157354).epsilon(1e-8));
  const Interval narrow = ratio_interval(kA, kB, Pairing::paired, 0.8);
  CHECK(narrow.low == Approx(2.18167483).epsilon(1e-8));
  CHECK(narrow.high == Approx(2.67609093).epsilon(1e-8));
}

TEST_CASE("The interval of a ratio without pairs inverts Welch's test", "[analysis][statistics]") {
  // scipy.optimize.brentq of scipy.stats.ttest_ind(a, r * c, equal_var=False).pvalue - 0.05
  const Interval interval = ratio_interval(kA, kC, Pairing::independent);
  CHECK(interval.low == Approx(1.7701739721028154).epsilon(1e-10));
  CHECK(interval.high == Approx(2.944803497981895).epsilon(1e-10));
}

TEST_CASE("A ratio has no end where the denominator may be nothing", "[analysis][statistics]") {
  const std::vector<double> steady = {5, 6, 7}, wild = {0.1, 9, 1};
  const Interval open = ratio_interval(steady, wild, Pairing::independent);
  CHECK(open.low > 0);
  CHECK(std::isinf(open.high));
  CHECK(ratio_interval(wild, steady, Pairing::independent).low == 0);
  CHECK(ratio_interval(wild, steady, Pairing::independent).high == Approx(1 / open.low));
  const Interval proportional =
      ratio_interval(std::vector<double>{30, 33, 36}, std::vector<double>{10, 11, 12}, Pairing::paired);
  CHECK(proportional.low == Approx(3));
  CHECK(proportional.high == Approx(3));
}

TEST_CASE("The interval of a ratio refuses what is not positive", "[analysis][statistics]") {
  CHECK_THROWS_AS(ratio_interval(kA, std::vector<double>{1, 0, 1, 1, 1}, Pairing::paired), ConfigError);
  CHECK_THROWS_AS(ratio_interval(kA, kC, Pairing::paired), ConfigError);
  CHECK_THROWS_AS(ratio_interval(kA, std::vector<double>{1}, Pairing::independent), ConfigError);
  CHECK_THROWS_AS(ratio_interval(kA, kB, Pairing::paired, 1), ConfigError);
}

TEST_CASE("The interval of a ratio holds it as often as it says", "[analysis][statistics]") {
  RandomStream random({0, "ratios"});
  constexpr int kSamples = 3000;
  int paired = 0, independent = 0;
  std::vector<double> a(4), b(4), c(6);
  const auto holds = [](const Interval& interval) { return interval.low <= 2 && 2 <= interval.high; };
  for (int sample = 0; sample < kSamples; ++sample) {
    for (std::size_t i = 0; i < b.size(); ++i) {
      b[i] = 10 + random.normal();
      a[i] = 2 * b[i] + random.normal();
    }
    for (double& value : c) value = 10 + 2 * random.normal();
    paired += holds(ratio_interval(a, b, Pairing::paired)) ? 1 : 0;
    for (double& value : a) value = 20 + random.normal();
    independent += holds(ratio_interval(a, c, Pairing::independent)) ? 1 : 0;
  }
  CHECK(paired / double{kSamples} == Approx(0.95).margin(0.012));
  CHECK(independent / double{kSamples} == Approx(0.95).margin(0.012));
}
