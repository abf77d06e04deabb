#include "ltlab/analysis/mean_test.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

const std::vector<double> kA = {0.975, 0.981, 0.979, 0.983, 0.978},
                          kB = {0.971, 0.9805, 0.972, 0.984, 0.9695}, kC = {0.970, 0.968, 0.974};

void fill(std::vector<double>& values, double mean, double deviation, RandomStream& random) {
  for (double& value : values) value = mean + deviation * random.normal();
}

}  // namespace

TEST_CASE("The t test of pairs agrees with scipy", "[analysis][statistics]") {
  const MeanTest test = test_difference(kA, kB, Pairing::paired);
  CHECK(test.estimate == Approx(0.0038));
  CHECK(test.size == 5);
  CHECK(test.second_size == 0);
  CHECK(test.degrees_of_freedom == 4);
  // scipy.stats.ttest_1samp(d := numpy.subtract(a, b), 0); .confidence_interval(0.95),
  // .confidence_interval(0.8)
  CHECK(test.t() == Approx(2.087093138248131).epsilon(1e-10));
  CHECK(test.p() == Approx(0.10517574721063026).epsilon(1e-10));
  CHECK(test.interval().low == Approx(-0.0012551128775247266).epsilon(1e-10));
  CHECK(test.interval().high == Approx(0.00885511287752469).epsilon(1e-10));
  // scipy 1.10's t.ppf(0.9, 4) is right to ten digits only: its cdf gives 0.9 - 4e-11.
  CHECK(test.interval(0.8).low == Approx(0.0010084696493227164).epsilon(1e-8));
  // ttest_1samp(d, 0.01), and with alternative="less"; ttest_1samp(d, -0.005, alternative="greater")
  CHECK(test.p(0.01) == Approx(0.027145591413447006).epsilon(1e-10));
  CHECK(test.p_below(0.01) == Approx(0.013572795706723503).epsilon(1e-10));
  CHECK(test.p_above(-0.005) == Approx(0.004220609451086952).epsilon(1e-10));
  CHECK(non_inferiority_p(test, 0.005) == test.p_above(-0.005));
  // statsmodels.stats.weightstats.ttost_paired(a, b, -0.01, 0.01)
  CHECK(equivalence_p(test, 0.01) == Approx(0.013572795706723503).epsilon(1e-10));
}

TEST_CASE("Welch's test agrees with scipy", "[analysis][statistics]") {
  const MeanTest test = test_difference(kA, kC, Pairing::independent);
  CHECK(test.size == 5);
  CHECK(test.second_size == 3);
  // scipy.stats.ttest_ind(a, c, equal_var=False), and with alternative="greater", "less"
  CHECK(test.t() == Approx(3.835017713356644).epsilon(1e-10));
  CHECK(test.p() == Approx(0.01611860963452946).epsilon(1e-10));
  CHECK(test.p_above() == Approx(0.00805930481726473).epsilon(1e-10));
  CHECK(test.p_below() == Approx(0.9919406951827353).epsilon(1e-10));
  // statsmodels' CompareMeans.tconfint_diff(usevar="unequal"), ttost_ind(a, c, -0.02, 0.02, usevar="unequal")
  CHECK(test.degrees_of_freedom == Approx(4.311274313963224).epsilon(1e-10));
  CHECK(test.interval().low == Approx(0.0025274366312174707).epsilon(1e-10));
  CHECK(test.interval().high == Approx(0.014539230035449092).epsilon(1e-10));
  CHECK(equivalence_p(test, 0.02) == Approx(0.002740024022465585).epsilon(1e-10));
}

TEST_CASE("Without a spread a test of a mean is certain of all but the mean itself",
          "[analysis][statistics]") {
  const MeanTest zero = test_mean(std::vector<double>{0, 0, 0});
  CHECK(std::isnan(zero.p()));
  CHECK(zero.p(0.1) == 0);
  CHECK(zero.p_above(0.1) == 1);
  CHECK(equivalence_p(zero, 0.1) == 0);
  // Each is ten images of 10,000, though rounded differently.
  const MeanTest ten = test_mean(std::vector<double>{0.9810 - 0.9800, 0.9735 - 0.9725, 0.9740 - 0.9730});
  CHECK(ten.standard_error == 0);
  CHECK(ten.p() == 0);
  CHECK(std::isnan(ten.p(0.001)));
  CHECK(std::isnan(equivalence_p(ten, 0.001)));
  const MeanTest same = test_welch(std::vector<double>{0.1, 0.1, 0.1}, std::vector<double>{0.1, 0.1});
  CHECK(std::isnan(same.p()));
  CHECK(same.p(0.5) == 0);
  CHECK(same.degrees_of_freedom == 3);
  CHECK(test_welch(std::vector<double>{0.1, 0.1, 0.1}, std::vector<double>{0.1, 0.2}).degrees_of_freedom ==
        1);
}

TEST_CASE("Tests of means refuse what has no spread to estimate", "[analysis][statistics]") {
  CHECK_THROWS_AS(test_mean(std::vector<double>{1}), ConfigError);
  CHECK_THROWS_AS(test_mean(std::vector<double>{1, NAN}), ConfigError);
  CHECK_THROWS_AS(test_mean(std::vector<double>{1, INFINITY}), ConfigError);
  CHECK_THROWS_AS(test_welch(kA, std::vector<double>{1}), ConfigError);
  CHECK_THROWS_AS(test_difference(kA, kC, Pairing::paired), ConfigError);
  CHECK_THROWS_AS(test_mean(kA).interval(0), ConfigError);
  CHECK_THROWS_AS(equivalence_p(test_mean(kA), 0), ConfigError);
  CHECK_THROWS_AS(non_inferiority_p(test_mean(kA), NAN), ConfigError);
}

TEST_CASE("Tests of means err as often as they say, with samples of few values too",
          "[analysis][statistics]") {
  RandomStream random({0, "tests of means"});
  constexpr int kSamples = 10000;
  int paired = 0, welch = 0, inferior = 0, not_equivalent = 0;
  std::vector<double> differences(3), a(8), b(5);
  for (int sample = 0; sample < kSamples; ++sample) {
    fill(differences, 0, 1, random);
    fill(a, 0, 1, random);
    fill(b, 0, 3, random);
    paired += test_mean(differences).p() < 0.05 ? 1 : 0;
    welch += test_welch(a, b).p() < 0.05 ? 1 : 0;
    fill(differences, -10, 1, random);
    inferior += non_inferiority_p(test_mean(differences), 10) < 0.05 ? 1 : 0;
    not_equivalent += equivalence_p(test_mean(differences), 10) < 0.05 ? 1 : 0;
  }
  const auto rate = [&](int rejections) { return rejections / double{kSamples}; };
  CHECK(rate(paired) == Approx(0.05).margin(0.007));
  CHECK(rate(welch) == Approx(0.05).margin(0.007));  // approximate: scipy's rate is 0.051 here
  CHECK(rate(inferior) == Approx(0.05).margin(0.007));
  CHECK(rate(not_equivalent) == Approx(0.05).margin(0.007));
}
