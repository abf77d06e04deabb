#pragma once

#include <span>

namespace ltlab {

/// Returns the two-sided p-value of Wilcoxon's signed-rank test (Wilcoxon 1945): exact over all signs of the
/// ranks; ties have midranks. Differences of 0 are left out, as in his paper; NaN where all are 0.
double signed_rank_p(std::span<const double> differences);

}  // namespace ltlab
