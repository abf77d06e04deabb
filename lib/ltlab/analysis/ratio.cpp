#include "ltlab/analysis/ratio.h"

#include <algorithm>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

std::vector<double> scaled(std::span<const double> values, double factor) {
  std::vector<double> products(values.size());
  std::ranges::transform(values, products.begin(), [&](double value) { return factor * value; });
  return products;
}

void require_positive(std::span<const double> values) {
  if (!std::ranges::all_of(values, [](double value) { return value > 0; }))
    throw ConfigError("the interval of a ratio of means needs values above 0");
}

}  // namespace

MeanTest test_ratio(std::span<const double> a, std::span<const double> b, Pairing pairing, double ratio) {
  return test_difference(a, scaled(b, ratio), pairing);
}

// A ratio is the tangent of an angle, so that no ratio is infinitely far; a and b are first divided by their
// means, so that the estimate lies at 45 degrees. From there to either axis t^2 rises, or rises and falls,
// for it has one maximum over all directions. An axis that is rejected is hence the far side of the only
// root.
Interval ratio_interval(std::span<const double> a, std::span<const double> b, Pairing pairing, double level) {
  require_values(a, 2);
  require_values(b, 2);
  require_positive(a);
  require_positive(b);
  if (!(level > 0 && level < 1)) throw ConfigError("the level of an interval must be between 0 and 1");
  const double mean_a = describe(a).mean, mean_b = describe(b).mean;
  const auto above_level = [&](double angle) {
    const double p =
        test_difference(scaled(a, std::cos(angle) / mean_a), scaled(b, std::sin(angle) / mean_b), pairing)
            .p();
    return (std::isnan(p) ? 1 : p) - (1 - level);
  };
  // The p-value of the estimate is 1, though rounding may say otherwise where the pairs are proportional.
  constexpr double kEstimate = std::numbers::pi / 4, kOnlyB = std::numbers::pi / 2;
  const auto limit = [&](double axis, double where_axis_is_accepted) {
    const double at_axis = above_level(axis);
    if (at_axis >= 0) return where_axis_is_accepted;
    std::uintmax_t iterations = 100;
    const boost::math::tools::eps_tolerance<double> tolerance(48);
    const auto [low, high] = axis < kEstimate
                                 ? boost::math::tools::toms748_solve(above_level, axis, kEstimate, at_axis,
                                                                     level, tolerance, iterations)
                                 : boost::math::tools::toms748_solve(above_level, kEstimate, axis, level,
                                                                     at_axis, tolerance, iterations);
    return mean_a / mean_b * std::tan((low + high) / 2);
  };
  return {limit(0, 0), limit(kOnlyB, std::numeric_limits<double>::infinity())};
}

}  // namespace ltlab
