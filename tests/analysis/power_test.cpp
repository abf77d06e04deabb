#include "ltlab/analysis/power.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

constexpr PlannedTest kPaired{}, kIndependent{Alternative::different, Pairing::independent},
    kAbove{Alternative::above, Pairing::paired};

// Returns the share of simulated samples that show the claim.
template <class Shows>
double simulated_power(double effect, std::size_t seeds, const Shows& shows) {
  RandomStream random({0, "power"});
  constexpr int kSamples = 4000;
  int shown = 0;
  std::vector<double> a(seeds), b(seeds);
  for (int sample = 0; sample < kSamples; ++sample) {
    for (double& value : a) value = effect + random.normal();
    for (double& value : b) value = random.normal();
    shown += shows(a, b) ? 1 : 0;
  }
  return shown / double{kSamples};
}

}  // namespace

TEST_CASE("The power of t tests agrees with statsmodels", "[analysis][statistics]") {
  // statsmodels.stats.power.TTestPower().power(effect, n, 0.05), with alternative="larger";
  // TTestIndPower().power
  CHECK(power(kPaired, 1, 1, 5) == Approx(0.4013899173717936).epsilon(1e-8));
  CHECK(power(kPaired, 2.5, 1, 3) == Approx(0.6191523278084491).epsilon(1e-8));
  CHECK(power(kPaired, -2.5, 1, 3) == Approx(0.6191523278084491).epsilon(1e-8));
  CHECK(power(kPaired, 0.3, 1, 100) == Approx(0.8439471027559772).epsilon(1e-8));
  CHECK(power({Alternative::different, Pairing::paired, 0.01}, 0.4, 1, 2) ==
        Approx(0.011558383618567227).epsilon(1e-8));
  CHECK(power(kAbove, 1, 1, 5) == Approx(0.5797373603716012).epsilon(1e-8));
  CHECK(power(kAbove, 3, 2, 2) == Approx(0.2607642660380575).epsilon(1e-8));
  CHECK(power(kIndependent, 1, 1, 5) == Approx(0.28629549342627775).epsilon(1e-8));
  CHECK(power({Alternative::different, Pairing::independent, 0.01}, 5, 1, 3) ==
        Approx(0.8324709791044054).epsilon(1e-8));
}

TEST_CASE("The power of t tests agrees with the noncentral t of Boost", "[analysis][statistics]") {
  for (const std::size_t seeds : {2, 3, 8, 60, 2000}) {
    for (const double distance : {0.0, 0.5, 3.0, 12.0, 60.0}) {
      const auto n = static_cast<double>(seeds);
      const double t = boost::math::quantile(boost::math::students_t(n - 1), 0.975);
      const boost::math::non_central_t noncentral(n - 1, distance);
      const double expected =
          boost::math::cdf(boost::math::complement(noncentral, t)) + boost::math::cdf(noncentral, -t);
      CHECK(power(kPaired, distance / std::sqrt(n), 1, seeds) == Approx(expected).epsilon(1e-8));
    }
  }
}

TEST_CASE("The power of equivalence agrees with PowerTOST", "[analysis][statistics]") {
  // PowerTOST's sampleN.TOST(CV = 0.25): 28 subjects in a crossover of two sequences, power 0.807439. As two
  // samples of 14, each subject's difference of periods halved has the variance log(1 + CV^2) / 2.
  const PlannedTest test{Alternative::equivalent, Pairing::independent, 0.05, std::log(1.25)};
  const double deviation = std::sqrt(std::log(1 + 0.25 * 0.25) / 2);
  CHECK(power(test, std::log(0.95), deviation, 14) == Approx(0.807439).margin(1e-6));
  CHECK(seeds_needed(test, std::log(0.95), deviation, 0.8) == 14);
}

TEST_CASE("The seeds needed agree with statsmodels", "[analysis][statistics]") {
  // TTestPower().solve_power(effect, power=0.8, alpha=0.05): 33.367, 4.221; 0.9 and "larger": 35.65;
  // TTestIndPower(): 63.77
  CHECK(seeds_needed(kPaired, 0.5, 1, 0.8) == 34);
  CHECK(seeds_needed(kPaired, 2, 1, 0.8) == 5);
  CHECK(seeds_needed(kPaired, 0.1, 1, 0.8) == 787);
  CHECK(seeds_needed(kAbove, 0.5, 1, 0.9) == 36);
  CHECK(seeds_needed(kIndependent, 0.5, 1, 0.8) == 64);
  CHECK(seeds_needed(kPaired, 1e9, 1, 0.8) == 2);
  // One that is not inferior is above after a shift by the margin.
  CHECK(seeds_needed({Alternative::not_worse, Pairing::paired, 0.05, 0.5}, 0, 1, 0.9) == 36);
}

TEST_CASE("The smallest effect agrees with statsmodels", "[analysis][statistics]") {
  // TTestPower().solve_power(nobs=n, power=0.8, alpha=0.05); TTestIndPower().solve_power(nobs1=n, ...)
  CHECK(smallest_effect(kPaired, 1, 3, 0.8) == Approx(3.264043553217225).epsilon(1e-7));
  CHECK(smallest_effect(kPaired, 2, 5, 0.8) == Approx(2 * 1.6819969613308459).epsilon(1e-7));
  CHECK(smallest_effect(kIndependent, 1, 20, 0.8) == Approx(0.9091290413064503).epsilon(1e-7));
  CHECK(smallest_effect(kPaired, 1, 5, 0.01) == 0);
  const PlannedTest equivalent{Alternative::equivalent};
  const double margin = smallest_margin(equivalent, 0.1, 1, 5, 0.8);
  CHECK(power({Alternative::equivalent, Pairing::paired, 0.05, margin}, 0.1, 1, 5) == Approx(0.8));
  CHECK(smallest_margin({Alternative::not_worse}, 0, 1, 5, 0.8) ==
        Approx(smallest_effect(kAbove, 1, 5, 0.8)));
  CHECK(smallest_margin({Alternative::not_worse}, 9, 1, 5, 0.8) == 0);
}

TEST_CASE("Power is that of simulated tests", "[analysis][statistics]") {
  const auto equivalent = [](const auto& a, const auto&) { return equivalence_p(test_mean(a), 2) < 0.05; };
  CHECK(power({Alternative::equivalent, Pairing::paired, 0.05, 2}, 0.3, 1, 5) ==
        Approx(simulated_power(0.3, 5, equivalent)).margin(0.025));
  const auto not_worse = [](const auto& a, const auto& b) {
    return non_inferiority_p(test_welch(a, b), 1) < 0.05;
  };
  CHECK(power({Alternative::not_worse, Pairing::independent, 0.05, 1}, 0.3, 1, 8) ==
        Approx(simulated_power(0.3, 8, not_worse)).margin(0.025));
  const auto different = [](const auto& a, const auto&) { return test_mean(a).p() < 0.05; };
  CHECK(power(kPaired, 2, 1, 3) == Approx(simulated_power(2, 3, different)).margin(0.025));
}

TEST_CASE("Power refuses plans without sense", "[analysis][statistics]") {
  CHECK_THROWS_AS(power(kPaired, 1, 1, 1), ConfigError);
  CHECK_THROWS_AS(power(kPaired, 1, 0, 3), ConfigError);
  CHECK_THROWS_AS(power(kPaired, NAN, 1, 3), ConfigError);
  CHECK_THROWS_AS(power({Alternative::equivalent}, 0, 1, 3), ConfigError);
  CHECK_THROWS_AS(power({Alternative::above, Pairing::paired, 0}, 0, 1, 3), ConfigError);
  CHECK_THROWS_AS(seeds_needed(kPaired, 0, 1, 0.8), ConfigError);
  CHECK_THROWS_AS(seeds_needed(kPaired, 1, 1, 1), ConfigError);
  CHECK_THROWS_AS(smallest_effect({Alternative::equivalent}, 1, 3, 0.8), ConfigError);
  CHECK_THROWS_AS(smallest_margin(kPaired, 0, 1, 3, 0.8), ConfigError);
  CHECK(power({Alternative::equivalent, Pairing::paired, 0.05, 0.01}, 0.3, 1, 3) == Approx(0).margin(1e-4));
}
