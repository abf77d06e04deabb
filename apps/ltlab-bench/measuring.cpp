#include "measuring.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ltlab::bench {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Spread spread(std::vector<double> values) {
  std::ranges::sort(values);
  const auto quantile = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, values.size() - 1);
    return std::lerp(values[below], values[above], place - static_cast<double>(below));
  };
  return {quantile(0.5), quantile(0.25), quantile(0.75), values.front(), values.back()};
}

}  // namespace ltlab::bench
