#pragma once

#include <cmath>
#include <string>

#include "format.h"
#include "ltlab/analysis/mean_test.h"

namespace ltlab::app {

/// Returns "0.023" or "<0.001"; "-" where nothing was tested.
inline std::string p_text(double p) {
  if (std::isnan(p)) return "-";
  return p < 0.001 ? "<0.001" : format("%.3f", p);
}

/// Returns a difference of fractions with the half width of its 95 % interval, in points: "-0.12 ± 0.30".
inline std::string points_text(const MeanTest& test) {
  const Interval interval = test.interval();
  return format("%+.2f ± %.2f", 100 * test.estimate, 50 * (interval.high - interval.low));
}

}  // namespace ltlab::app
