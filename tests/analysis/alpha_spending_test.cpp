#include "ltlab/analysis/alpha_spending.h"

#include <boost/math/distributions/normal.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "ltlab/analysis/mean_test.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

std::vector<double> bounds(const std::vector<double>& information, double alpha, Spending spending) {
  std::vector<double> z;
  for (const double level : nominal_levels(information, alpha, spending))
    z.push_back(boost::math::quantile(boost::math::complement(boost::math::normal(), level / 2)));
  return z;
}

void check_bounds(const std::vector<double>& information, Spending spending,
                  const std::vector<double>& expected) {
  const std::vector<double> found = bounds(information, 0.05, spending);
  REQUIRE(found.size() == expected.size());
  for (std::size_t look = 0; look < found.size(); ++look)
    CHECK(found[look] == Approx(expected[look]).margin(6e-4));
}

// Returns how often any look at normal values finds their mean to differ from 0, which it does not.
double error_rate(const std::vector<std::size_t>& looks, Spending spending, int samples) {
  std::vector<double> information;
  for (const std::size_t seeds : looks)
    information.push_back(static_cast<double>(seeds) / static_cast<double>(looks.back()));
  const std::vector<double> levels = nominal_levels(information, 0.05, spending);
  RandomStream random({0, "alpha spending"});
  std::vector<double> values(looks.back());
  int errors = 0;
  for (int sample = 0; sample < samples; ++sample) {
    for (double& value : values) value = random.normal();
    bool rejected = false;
    for (std::size_t look = 0; look < looks.size() && !rejected; ++look)
      rejected = test_mean(std::span(values).first(looks[look])).p() < levels[look];
    errors += rejected ? 1 : 0;
  }
  return errors / static_cast<double>(samples);
}

}  // namespace

TEST_CASE("The bounds of alpha spending are the published ones", "[analysis][statistics]") {
  // Five equal looks, 0.05, as programs of Reboussin, DeMets, Kim & Lan 2000, "Computations for group
  // sequential boundaries using the Lan-DeMets spending function method", have them. By
  // scipy.stats.multivariate_normal.cdf of the region between the bounds, these looks spend alpha as the
  // functions say.
  const std::vector<double> fifths = {0.2, 0.4, 0.6, 0.8, 1};
  check_bounds(fifths, Spending::obrien_fleming, {4.877, 3.357, 2.680, 2.290, 2.031});
  check_bounds(fifths, Spending::pocock, {2.438, 2.427, 2.410, 2.397, 2.386});
}

TEST_CASE("A single look spends all alpha, and an early one may spend nothing", "[analysis][statistics]") {
  CHECK(nominal_levels(std::vector<double>{1}, 0.05, Spending::obrien_fleming)[0] == Approx(0.05));
  CHECK(nominal_levels(std::vector<double>{1}, 0.05, Spending::pocock)[0] == Approx(0.05));
  CHECK(nominal_levels({}, 0.05, Spending::pocock).empty());
  const std::vector<double> early =
      nominal_levels(std::vector<double>{0.001, 1}, 0.05, Spending::obrien_fleming);
  CHECK(early[0] < 1e-100);
  CHECK(early[1] == Approx(0.05));
}

TEST_CASE("Later looks change none before them", "[analysis][statistics]") {
  const std::vector<double> all = nominal_levels(std::vector<double>{0.3, 0.31, 0.9, 1}, 0.05,
                                                 Spending::pocock),
                            some = nominal_levels(std::vector<double>{0.3, 0.31}, 0.05, Spending::pocock);
  CHECK(some[0] == all[0]);
  CHECK(some[1] == Approx(all[1]).epsilon(1e-9));
}

TEST_CASE("The bounds spend alpha on simulated normal sums", "[analysis][statistics]") {
  const std::vector<double> information = {0.1, 0.15, 0.5, 0.52, 1};
  for (const Spending spending : {Spending::obrien_fleming, Spending::pocock}) {
    const std::vector<double> z = bounds(information, 0.1, spending);
    RandomStream random({0, "alpha spending"});
    constexpr int kSamples = 40000;
    int ended = 0;
    for (int sample = 0; sample < kSamples; ++sample) {
      double sum = 0, before = 0;
      bool rejected = false;
      for (std::size_t look = 0; look < z.size(); ++look) {
        sum += random.normal() * std::sqrt(information[look] - before);
        before = information[look];
        rejected = rejected || std::abs(sum) > z[look] * std::sqrt(before);
      }
      ended += rejected ? 1 : 0;
    }
    CHECK(ended / double{kSamples} == Approx(0.1).margin(0.005));
  }
}

TEST_CASE("t tests of few seeds err about as often as the bounds say", "[analysis][statistics]") {
  for (const Spending spending : {Spending::obrien_fleming, Spending::pocock}) {
    // With 200,000 samples each the shares are 0.055, 0.058, 0.052 by O'Brien and Fleming's type, 0.057,
    // 0.055, 0.056 by Pocock's.
    CHECK(error_rate({2, 3}, spending, 10000) == Approx(0.056).margin(0.008));
    CHECK(error_rate({3, 4, 5}, spending, 10000) == Approx(0.056).margin(0.008));
    CHECK(error_rate({3, 5, 8}, spending, 10000) == Approx(0.054).margin(0.008));
  }
}

TEST_CASE("Alpha spending refuses looks out of order", "[analysis][statistics]") {
  for (const std::vector<double>& information :
       std::vector<std::vector<double>>{{0}, {0.5, 0.5}, {0.5, 0.4}, {1.1}, {NAN}})
    CHECK_THROWS_AS(nominal_levels(information, 0.05, Spending::pocock), ConfigError);
  CHECK_THROWS_AS(nominal_levels(std::vector<double>{1}, 0, Spending::pocock), ConfigError);
}
