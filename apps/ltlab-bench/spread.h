#pragma once

#include <vector>

namespace ltlab::bench {

/// The spread of repeated measurements.
struct Spread {
  double median = 0, quartile1 = 0, quartile3 = 0, min = 0, max = 0;
};

/// Quantiles are interpolated between neighbours. `values` must not be empty.
Spread spread(std::vector<double> values);

}  // namespace ltlab::bench
