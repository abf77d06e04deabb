#pragma once

#include <span>

namespace ltlab {

/// An interval of confidence.
struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

/// The 95 % interval of the mean of at least one value by the bootstrap percentile method (Efron & Tibshirani
/// 1993, "An Introduction to the Bootstrap", chapter 13): between the quantiles 2.5 % and 97.5 %,
/// interpolated linearly as numpy does, of the means of resamples with replacement. Up to eight values have
/// few enough resamples that all count, without chance; of more, 10,000 are drawn from a stream of its own,
/// so the same values always give the same interval.
///
/// Of few values it is too narrow: of normal ones it holds the true mean in 85 % of samples of five, 90 % of
/// ten, 93 % of thirty. SampleStatistics::half_width does so in 95 %, but asks for normal values.
Interval bootstrap_interval(std::span<const double> values);

}  // namespace ltlab
