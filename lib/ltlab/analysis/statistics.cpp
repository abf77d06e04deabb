#include "ltlab/analysis/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <string>

#include "ltlab/analysis/mean_test.h"
#include "ltlab/base/error.h"

namespace ltlab {

SampleStatistics describe(std::span<const double> values) {
  SampleStatistics result;
  result.size = values.size();
  const auto n = static_cast<double>(values.size());
  double above_first = 0;  // summed in place of the values, so that the mean of equal values is exact
  for (const double value : values) above_first += value - values.front();
  result.mean = values.front() + above_first / n;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / (n - 1));
  result.half_width =
      boost::math::quantile(boost::math::students_t(n - 1), 0.975) * result.deviation / std::sqrt(n);
  return result;
}

Interval student_interval(std::span<const double> values, double level) {
  require_values(values, 1);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return values.size() == 1 ? Interval{-kInfinity, kInfinity} : test_mean(values).interval(level);
}

void require_values(std::span<const double> values, std::size_t at_least) {
  if (values.size() < at_least) {
    throw ConfigError("a statistic needs at least " + std::to_string(at_least) + " values, and has " +
                      std::to_string(values.size()));
  }
  if (!std::ranges::all_of(values, [](double value) { return std::isfinite(value); }))
    throw ConfigError("a statistic needs finite values, and one of them is not");
}

}  // namespace ltlab
