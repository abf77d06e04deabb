#pragma once

#include <time.h>

#include <vector>

namespace ltlab::bench {

/// Returns what a clock shows, such as CLOCK_MONOTONIC or CLOCK_THREAD_CPUTIME_ID.
double seconds_of(clockid_t clock);

/// The spread of repeated measurements.
struct Spread {
  double median = 0, quartile1 = 0, quartile3 = 0, min = 0, max = 0;
};

/// Quantiles are interpolated between neighbours. `values` must not be empty.
Spread spread(std::vector<double> values);

}  // namespace ltlab::bench
