#pragma once

#include <span>

#include "ltlab/analysis/mean_test.h"
#include "ltlab/analysis/statistics.h"

namespace ltlab {

/// Tests whether mean(a) / mean(b) is `ratio`, by the mean of a - ratio * b: of each pair, or by Welch's test
/// (Fieller 1954, "Some problems in interval estimation"). The result's p() tests this ratio, p_above() tells
/// whether the ratio of means is above it, where mean(b) > 0, and p_below() whether it is below. Throws
/// ConfigError as test_difference() does.
MeanTest test_ratio(std::span<const double> a, std::span<const double> b, Pairing pairing, double ratio);

/// Returns the confidence interval of mean(a) / mean(b) of positive values: from the least to the greatest
/// ratio that test_ratio() does not reject (Fieller 1954). For pairs this is Fieller's closed form; without
/// pairs the degrees of freedom are Welch's at each ratio. Where mean(a) may be 0, the interval begins at 0;
/// where mean(b) may be, it has no end: `high` is infinite. Throws ConfigError as test_difference() does, for
/// values that are not positive, and unless 0 < level < 1.
Interval ratio_interval(std::span<const double> a, std::span<const double> b, Pairing pairing,
                        double level = 0.95);

}  // namespace ltlab
