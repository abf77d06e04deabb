#include "ltlab/analysis/mean_test.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Returns P(T >= t) of Student's t.
double upper_tail(double t, double degrees_of_freedom) {
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(degrees_of_freedom), t));
}

double variance_of_mean(const SampleStatistics& sample) {
  return sample.deviation * sample.deviation / static_cast<double>(sample.size);
}

void require_margin(double margin) {
  if (!(margin > 0)) throw ConfigError("a margin of equivalence or non-inferiority must be above 0");
}

}  // namespace

Interval MeanTest::interval(double level) const {
  if (!(level > 0 && level < 1)) throw ConfigError("the level of an interval must be between 0 and 1");
  const double tail = (1 - level) / 2;
  const double quantile =
      boost::math::quantile(boost::math::complement(boost::math::students_t(degrees_of_freedom), tail));
  return {estimate - quantile * standard_error, estimate + quantile * standard_error};
}

double MeanTest::t(double null) const {
  const double distance = estimate - null;
  if (standard_error == 0 && std::abs(distance) <= kRounding * std::abs(null))
    return std::numeric_limits<double>::quiet_NaN();
  return distance / standard_error;
}

double MeanTest::p(double null) const {
  return 2 * upper_tail(std::abs(t(null)), degrees_of_freedom);
}

double MeanTest::p_above(double null) const {
  return upper_tail(t(null), degrees_of_freedom);
}

double MeanTest::p_below(double null) const {
  return upper_tail(-t(null), degrees_of_freedom);
}

MeanTest test_mean(std::span<const double> values) {
  require_values(values, 2);
  const SampleStatistics sample = describe(values);
  const double error = std::sqrt(variance_of_mean(sample));
  MeanTest test;
  test.estimate = sample.mean;
  test.standard_error = error <= kRounding * std::abs(sample.mean) ? 0 : error;
  test.degrees_of_freedom = static_cast<double>(sample.size - 1);
  test.size = sample.size;
  return test;
}

MeanTest test_welch(std::span<const double> a, std::span<const double> b) {
  require_values(a, 2);
  require_values(b, 2);
  const SampleStatistics first = describe(a), second = describe(b);
  const double of_a = variance_of_mean(first), of_b = variance_of_mean(second), total = of_a + of_b;
  const auto freedom_of_a = static_cast<double>(a.size() - 1),
             freedom_of_b = static_cast<double>(b.size() - 1);
  // By shares of the variance, whose squares do not underflow.
  const double share = of_a / total;
  MeanTest test;
  test.estimate = first.mean - second.mean;
  test.standard_error = std::sqrt(total);
  test.degrees_of_freedom =
      total > 0 ? 1 / (share * share / freedom_of_a + (1 - share) * (1 - share) / freedom_of_b)
                : freedom_of_a + freedom_of_b;
  test.size = a.size();
  test.second_size = b.size();
  return test;
}

MeanTest test_difference(std::span<const double> a, std::span<const double> b, Pairing pairing) {
  if (pairing == Pairing::independent) return test_welch(a, b);
  if (a.size() != b.size())
    throw ConfigError("a paired test needs as many values of one kind as of the other");
  std::vector<double> differences(a.size());
  std::ranges::transform(a, b, differences.begin(), std::minus());
  return test_mean(differences);
}

double non_inferiority_p(const MeanTest& test, double margin) {
  require_margin(margin);
  return test.p_above(-margin);
}

double equivalence_p(const MeanTest& test, double margin) {
  require_margin(margin);
  const double not_below = test.p_above(-margin), not_above = test.p_below(margin);
  return std::isnan(not_below) || not_below > not_above ? not_below : not_above;
}

}  // namespace ltlab
