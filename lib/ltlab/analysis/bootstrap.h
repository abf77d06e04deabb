#pragma once

#include <span>

#include "ltlab/analysis/statistics.h"

namespace ltlab {

/// Returns the 95 % interval of the mean of at least one value by the bootstrap percentile method (Efron &
/// Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13): between the 2.5 % and 97.5 % quantiles,
/// interpolated linearly as numpy does, of the means of resamples with replacement (for_each_resample()).
///
/// It is too narrow for few values: with normal ones it holds the true mean in 84 % of samples of five, 90 %
/// of ten, 93 % of thirty. student_interval() does so in 95 %, but requires normal values.
Interval bootstrap_interval(std::span<const double> values);

}  // namespace ltlab
