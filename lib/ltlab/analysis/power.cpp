#include "ltlab/analysis/power.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

constexpr std::size_t kMostSeeds = 100000;

bool has_margin(Alternative alternative) {
  return alternative == Alternative::not_worse || alternative == Alternative::equivalent;
}

void require(bool holds, const char* what) {
  if (!holds) throw ConfigError(std::string("the power of a test needs ").append(what));
}

void require_valid(const PlannedTest& test, double effect, double deviation, std::size_t seeds) {
  require(seeds >= 2, "at least two seeds");
  require(std::isfinite(effect), "a finite effect");
  require(std::isfinite(deviation) && deviation > 0, "a deviation above 0");
  require(test.alpha > 0 && test.alpha < 0.5, "an alpha between 0 and 0.5");
  require(!has_margin(test.alternative) || test.margin > 0, "a margin above 0");
}

void require_valid_power(double power) {
  require(power > 0 && power < 1, "a power between 0 and 1");
}

double normal_cdf(double z) {
  return std::erfc(-z / std::numbers::sqrt2) / 2;
}

// Returns the chance of the claim by an estimate with the mean `effect` and the deviation 1, where its
// standard error is found to be such that the test asks the estimate to be `threshold` from what it is to
// differ from.
double chance(Alternative alternative, double effect, double margin, double threshold) {
  switch (alternative) {
    case Alternative::different:
      return normal_cdf(effect - threshold) + normal_cdf(-effect - threshold);
    case Alternative::above:
      return normal_cdf(effect - threshold);
    case Alternative::not_worse:
      return normal_cdf(effect + margin - threshold);
    case Alternative::equivalent:
      return std::max(0.0, normal_cdf(margin - threshold - effect) - normal_cdf(threshold - margin - effect));
  }
  return 0;
}

// Returns the least x >= 0 at which a function that rises to 1 reaches `power`.
template <class Function>
double least(const Function& power_at, double power, double scale) {
  const auto excess = [&](double x) { return power_at(x) - power; };
  if (excess(0) >= 0) return 0;
  double high = scale;
  while (excess(high) < 0) high *= 2;
  std::uintmax_t iterations = 200;
  const auto [below, above] = boost::math::tools::toms748_solve(
      excess, 0.0, high, boost::math::tools::eps_tolerance<double>(40), iterations);
  return (below + above) / 2;
}

}  // namespace

double power(const PlannedTest& test, double effect, double deviation, std::size_t seeds) {
  require_valid(test, effect, deviation, seeds);
  const bool paired = test.pairing == Pairing::paired;
  const auto n = static_cast<double>(seeds);
  const double degrees_of_freedom = paired ? n - 1 : 2 * n - 2;
  const double error = deviation * std::sqrt((paired ? 1 : 2) / n);
  const double tail = test.alternative == Alternative::different ? test.alpha / 2 : test.alpha;
  const double t =
      boost::math::quantile(boost::math::complement(boost::math::students_t(degrees_of_freedom), tail));
  // The found standard error is `u` times the true one, and degrees_of_freedom * u^2 is chi-squared.
  const boost::math::chi_squared chi_squared(degrees_of_freedom);
  const auto chance_at = [&](double u) {
    return chance(test.alternative, effect / error, test.margin / error, t * u) *
           boost::math::pdf(chi_squared, degrees_of_freedom * u * u) * 2 * degrees_of_freedom * u;
  };
  constexpr double kUnlikely = 1e-16;
  const double least_u = std::sqrt(boost::math::quantile(chi_squared, kUnlikely) / degrees_of_freedom);
  double most_u =
      std::sqrt(boost::math::quantile(boost::math::complement(chi_squared, kUnlikely)) / degrees_of_freedom);
  if (test.alternative == Alternative::equivalent) most_u = std::min(most_u, test.margin / error / t);
  if (most_u <= least_u) return 0;
  constexpr unsigned kDepth = 15;
  constexpr double kTolerance = 1e-10;
  return boost::math::quadrature::gauss_kronrod<double, 31>::integrate(chance_at, least_u, most_u, kDepth,
                                                                       kTolerance);
}

std::size_t seeds_needed(const PlannedTest& test, double effect, double deviation, double power) {
  require_valid_power(power);
  const auto reaches = [&](std::size_t seeds) {
    return ltlab::power(test, effect, deviation, seeds) >= power;
  };
  std::size_t too_few = 1, enough = 2;
  while (enough <= kMostSeeds && !reaches(enough)) {
    too_few = enough;
    enough *= 2;
  }
  if (enough > kMostSeeds)
    throw ConfigError("no number of seeds up to 100,000 reaches this power: is the claim true?");
  while (enough - too_few > 1) {
    const std::size_t middle = (too_few + enough) / 2;
    (reaches(middle) ? enough : too_few) = middle;
  }
  return enough;
}

double smallest_effect(const PlannedTest& test, double deviation, std::size_t seeds, double power) {
  require_valid_power(power);
  require(!has_margin(test.alternative), "a claim without a margin to find the smallest effect");
  return least([&](double effect) { return ltlab::power(test, effect, deviation, seeds); }, power, deviation);
}

double smallest_margin(const PlannedTest& test, double effect, double deviation, std::size_t seeds,
                       double power) {
  require_valid_power(power);
  require(has_margin(test.alternative), "a claim of a margin to find the smallest one");
  const auto power_at = [&](double margin) {
    PlannedTest with_margin = test;
    with_margin.margin = std::max(margin, 1e-12 * deviation);
    return ltlab::power(with_margin, effect, deviation, seeds);
  };
  return least(power_at, power, deviation);
}

}  // namespace ltlab
