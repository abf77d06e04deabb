#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace ltlab {

/// Accuracies that differ by equally many images have equal differences, though rounded differently: values
/// this near to each other, relative to the larger, count as equal where tests meet ties.
inline constexpr double kRounding = 1e-9;

/// A sample's size, mean and spread.
struct SampleStatistics {
  std::size_t size = 0;
  double mean = 0;
  double deviation = 0;  ///< sample standard deviation (n - 1); 0 for a single value
  double half_width =
      0;  ///< of the 95 % confidence interval of the mean by Student's t; 0 for a single value
};

/// Returns the statistics of at least one value. Equal values have a deviation of exactly 0.
SampleStatistics describe(std::span<const double> values);

/// A confidence interval.
struct Interval {
  double low = 0, high = 0;
  bool operator==(const Interval&) const = default;
};

/// Returns the interval of the mean of normal values by Student's t; unbounded for a single value. Unlike a
/// percentile bootstrap, whose intervals of five values hold the mean in 84 % and those of three in 67 %
/// instead of 95 %, it keeps its level however few the values are. Throws ConfigError as require_values()
/// does, and unless 0 < level < 1.
Interval student_interval(std::span<const double> values, double level = 0.95);

/// Throws ConfigError unless there are at least so many values, all of them finite.
void require_values(std::span<const double> values, std::size_t at_least);

/// Returns the mean of a figure, such as a member, of at least one item.
template <class Items, class Figure>
double mean_of(const Items& items, const Figure& figure) {
  double sum = 0;
  for (const auto& item : items) sum += static_cast<double>(std::invoke(figure, item));
  return sum / static_cast<double>(items.size());
}

}  // namespace ltlab
