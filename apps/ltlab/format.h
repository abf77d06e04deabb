#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

namespace ltlab::app {

/// std::snprintf into a string; anything beyond 255 bytes is cut.
template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char buffer[256];
  std::snprintf(buffer, sizeof buffer, pattern, arguments...);
  return buffer;
}

/// A density in percent: "1.85"; below 0.1 it has two significant digits, "0.0034", so that a remainder never
/// reads as nothing.
inline std::string density_number(double fraction) {
  const double percent = 100 * fraction;
  const bool small = percent > 0 && percent < 0.1;
  return format("%.*f", small ? 1 - static_cast<int>(std::floor(std::log10(percent))) : 2, percent);
}

/// "1.85 %"
inline std::string density_text(double fraction) {
  return density_number(fraction) + " %";
}

/// Returns a bar of so many eighths of a line's height, at most 8.
inline const char* bar(std::size_t eighths) {
  static constexpr const char* kBars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  return kBars[eighths];
}

/// "97.42 %"
inline std::string percent(double fraction) {
  return format("%.2f %%", 100 * fraction);
}

/// Rounds to five digits, more than a chart shows; what is not a number stays so.
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
