#include "ltlab/analysis/effect_size.h"

#include <cmath>
#include <limits>

#include "ltlab/analysis/statistics.h"

namespace ltlab {
namespace {

// Returns Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)) for m degrees of freedom.
double hedges_factor(double m) {
  if (m < 2) return std::numeric_limits<double>::quiet_NaN();
  return std::exp(std::lgamma(m / 2) - std::lgamma((m - 1) / 2)) / std::sqrt(m / 2);
}

double sum_of_squares(const SampleStatistics& sample) {
  return sample.deviation * sample.deviation * static_cast<double>(sample.size - 1);
}

}  // namespace

double cohen_d(std::span<const double> differences) {
  require_values(differences, 2);
  const SampleStatistics sample = describe(differences);
  return sample.mean / sample.deviation;
}

double hedges_g(std::span<const double> differences) {
  return cohen_d(differences) * hedges_factor(static_cast<double>(differences.size() - 1));
}

double hedges_g(std::span<const double> a, std::span<const double> b) {
  require_values(a, 1);
  require_values(b, 1);
  const SampleStatistics first = describe(a), second = describe(b);
  const auto degrees_of_freedom = static_cast<double>(a.size() + b.size() - 2);
  const double pooled = std::sqrt((sum_of_squares(first) + sum_of_squares(second)) / degrees_of_freedom);
  return (first.mean - second.mean) / pooled * hedges_factor(degrees_of_freedom);
}

}  // namespace ltlab
