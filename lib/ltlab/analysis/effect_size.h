#pragma once

#include <span>

namespace ltlab {

/// Returns Cohen's d_z of paired differences: their mean over their deviation; NaN or infinite where they are
/// equal. Throws ConfigError unless there are at least two finite differences.
double cohen_d(std::span<const double> differences);

/// Returns cohen_d() freed of its bias by the exact factor for n - 1 degrees of freedom (Hedges 1981,
/// "Distribution theory for Glass's estimator of effect size and related estimators"); NaN of two
/// differences, for which no factor exists. Throws ConfigError as cohen_d() does.
double hedges_g(std::span<const double> differences);

/// Returns Hedges' g of independent samples (Hedges 1981): mean(a) - mean(b) over their pooled deviation,
/// freed of its bias; NaN where each has a single value. Throws ConfigError for values that are not finite.
double hedges_g(std::span<const double> a, std::span<const double> b);

}  // namespace ltlab
