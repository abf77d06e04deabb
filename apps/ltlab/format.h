#pragma once

#include <cmath>
#include <cstdio>
#include <string>

namespace ltlab::app {

/// std::snprintf into a string; what goes past 255 bytes is cut.
template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, arguments...);
  return buffer;
}

/// To five digits, more than a chart shows; what is no number stays so.
inline double rounded(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double unit = std::pow(10.0, 4 - std::floor(std::log10(std::abs(value))));
  return std::round(value * unit) / unit;
}

/// "7:05", "1:07:05"
inline std::string duration(double seconds) {
  const auto s = static_cast<long>(std::lround(seconds));
  return s < 3600 ? format("%ld:%02ld", s / 60, s % 60)
                  : format("%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace ltlab::app
