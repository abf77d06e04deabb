#include "ltlab/analysis/variance_components.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

using Levels = std::vector<std::size_t>;

}  // namespace

TEST_CASE("Variance components agree with statsmodels' mean squares", "[analysis][statistics]") {
  const std::vector<double> values = {-0.69, -0.96, -0.49, -1.01, -0.55, -0.6,  0.08,  -1.08,
                                      -0.31, -0.06, 0.16,  -0.66, -0.72, -0.97, -0.08, 0.85,
                                      -0.91, -0.53, -0.46, -1.2,  -0.96, -0.85, -0.78, -1.43};
  const std::vector<VarianceComponent> components = variance_components(values, Levels{3, 4, 2});
  // m = anova_lm(ols("y ~ C(u) * C(v) * C(w)")).mean_sq; u: (m_u - m_uv - m_uw + m_uvw) / (4 * 2), and so on.
  struct Expected {
    std::vector<std::size_t> factors;
    double mean_square, estimate;
  };
  const std::vector<Expected> expected = {
      {{0}, 0.917529, 0.09068055555555563},      {{1}, 0.136793, -0.01675833333333337},
      {{2}, 0.324338, 0.015109722222222217},     {{0, 1}, 0.233535, 0.026436111111111188},
      {{0, 2}, 0.139213, -0.010362499999999976}, {{1, 2}, 0.184471, 0.0012694444444444803},
      {{0, 1, 2}, 0.180662, 0.18066249999999992}};
  REQUIRE(components.size() == expected.size());
  double shares = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(components[i].factors == expected[i].factors);
    CHECK(components[i].mean_square == Approx(expected[i].mean_square).epsilon(1e-5));
    CHECK(components[i].estimate == Approx(expected[i].estimate).epsilon(1e-9));
    CHECK(components[i].interval.low <= std::max(0.0, components[i].estimate));
    CHECK(components[i].interval.high > components[i].estimate);
    shares += components[i].share;
  }
  CHECK(shares == Approx(1));
  CHECK(components[1].share == 0);
  CHECK(components[3].degrees_of_freedom == 6);
}

TEST_CASE("The interval of all factors' interaction is that of a variance", "[analysis][statistics]") {
  // Mean square 1 of 4 degrees of freedom: scipy.stats.chi2.isf([0.025, 0.975], 4) gives 4 / 11.1433, 4 /
  // 0.484419.
  const std::vector<double> values = {1, -1, 0, -1, 1, 0, 0, 0, 0};
  const VarianceComponent noise = variance_components(values, Levels{3, 3}).back();
  CHECK(noise.estimate == Approx(1));
  CHECK(noise.interval.low == Approx(0.35896).epsilon(0.01));
  CHECK(noise.interval.high == Approx(8.25731).epsilon(0.01));
}

TEST_CASE("Intervals of variance components hold them as often as they say", "[analysis][statistics]") {
  RandomStream random({0, "variance components"});
  constexpr int kSamples = 200;
  int of_first = 0, of_second = 0, of_noise = 0;
  double first = 0;
  const auto holds = [](const Interval& interval, double value) {
    return interval.low <= value && value <= interval.high ? 1 : 0;
  };
  for (int sample = 0; sample < kSamples; ++sample) {
    std::vector<double> rows(5), columns(3), values;
    for (double& effect : rows) effect = random.normal();
    for (double& effect : columns) effect = 0.3 * random.normal();
    for (const double row : rows) {
      for (const double column : columns) values.push_back(row + column + 0.5 * random.normal());
    }
    const std::vector<VarianceComponent> components = variance_components(values, Levels{5, 3});
    of_first += holds(components[0].interval, 1);
    of_second += holds(components[1].interval, 0.09);
    of_noise += holds(components[2].interval, 0.25);
    first += components[0].estimate / kSamples;
  }
  CHECK(first == Approx(1).margin(0.2));
  CHECK(of_first / double{kSamples} > 0.9);
  CHECK(of_second / double{kSamples} > 0.9);
  CHECK(of_noise / double{kSamples} > 0.9);
}

TEST_CASE("Variance components of equal values are 0, and incomplete designs refused",
          "[analysis][statistics]") {
  const std::vector<VarianceComponent> none = variance_components(std::vector<double>(4, 0.1), Levels{2, 2});
  CHECK(none[0].estimate == 0);
  CHECK(none[0].interval == Interval{0, 0});
  CHECK(std::isnan(none[0].share));
  CHECK_THROWS_AS(variance_components(std::vector<double>(5), Levels{2, 2}), ConfigError);
  CHECK_THROWS_AS(variance_components(std::vector<double>(2), Levels{2, 1}), ConfigError);
  CHECK_THROWS_AS(variance_components(std::vector<double>(2), Levels{2}), ConfigError);
  CHECK_THROWS_AS(variance_components({}, {}), ConfigError);
  CHECK_THROWS_AS(variance_components(std::vector<double>{1, 2, 3, NAN}, Levels{2, 2}), ConfigError);
}
