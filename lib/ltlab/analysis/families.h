#pragma once

#include <span>
#include <vector>

namespace ltlab {

/// Returns p-values corrected for testing several hypotheses: the chance of any false rejection stays at the
/// level that corrected values are compared with (Holm 1979). Keeps the order; NaN stays, and is not counted.
std::vector<double> holm_corrected(std::span<const double> p_values);

}  // namespace ltlab
