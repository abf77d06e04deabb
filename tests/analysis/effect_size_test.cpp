#include "ltlab/analysis/effect_size.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

TEST_CASE("Hedges' g of independent samples divides by the pooled deviation", "[analysis][statistics]") {
  // Pooled variance (2 * 1 + 3 * 5 / 3) / 5 = 1.4; the exact factor of 5 degrees of freedom is
  // gamma(2.5) / (sqrt(2.5) * gamma(2)) = 0.8407487.
  const std::vector<double> a = {1, 2, 3}, b = {0, 1, 2, 3};
  CHECK(hedges_g(a, b) == Approx(0.5 / std::sqrt(1.4) * 0.8407487).epsilon(1e-6));
  CHECK(hedges_g(b, a) == Approx(-hedges_g(a, b)));
  CHECK(std::isnan(hedges_g(std::vector<double>{1}, std::vector<double>{2})));
  CHECK_THROWS_AS(hedges_g(std::vector<double>{NAN, 1, 2}), ConfigError);
  CHECK_THROWS_AS(cohen_d(std::vector<double>{1}), ConfigError);
}

TEST_CASE("Hedges' g is free of bias for few values, Cohen's d is not", "[analysis][statistics]") {
  RandomStream random({0, "effect size"});
  constexpr int kSamples = 20000;
  double paired_g = 0, paired_d = 0, independent_g = 0;
  std::vector<double> a(5), b(4);
  for (int sample = 0; sample < kSamples; ++sample) {
    for (double& value : a) value = 1 + random.normal();
    for (double& value : b) value = random.normal();
    paired_d += cohen_d(a) / kSamples;
    paired_g += hedges_g(a) / kSamples;
    independent_g += hedges_g(a, b) / kSamples;
  }
  CHECK(paired_d > 1.2);
  CHECK(paired_g == Approx(1).margin(0.02));
  CHECK(independent_g == Approx(1).margin(0.02));
}
