#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace ltlab {

/// A sample's size, mean and spread.
struct SampleStatistics {
  std::size_t size = 0;
  double mean = 0;
  double deviation = 0;  ///< sample standard deviation (n - 1); 0 for a single value
  double half_width =
      0;  ///< of the 95 % confidence interval of the mean by Student's t; 0 for a single value
};

/// Returns the statistics of at least one value.
SampleStatistics describe(std::span<const double> values);

/// Returns the mean of a figure, such as a member, of at least one item.
template <class Items, class Figure>
double mean_of(const Items& items, const Figure& figure) {
  double sum = 0;
  for (const auto& item : items) sum += static_cast<double>(std::invoke(figure, item));
  return sum / static_cast<double>(items.size());
}

}  // namespace ltlab
