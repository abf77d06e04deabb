#include "ltlab/analysis/statistics.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace ltlab {

SampleStatistics describe(std::span<const double> values) {
  SampleStatistics result;
  result.size = values.size();
  const auto n = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / (n - 1));
  result.half_width =
      boost::math::quantile(boost::math::students_t(n - 1), 0.975) * result.deviation / std::sqrt(n);
  return result;
}

}  // namespace ltlab
