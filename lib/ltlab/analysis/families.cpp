#include "ltlab/analysis/families.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace ltlab {

std::vector<double> holm_corrected(std::span<const double> p_values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> corrected(p_values.begin(), p_values.end());
  double least = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    corrected[order[rank]] = least = std::max(least, std::min(1.0, scaled));
  }
  return corrected;
}

std::vector<double> fixed_sequence_corrected(std::span<const double> p_values) {
  std::vector<double> corrected(p_values.begin(), p_values.end());
  double largest = 0;
  for (double& p : corrected) {
    largest = std::isnan(p) ? 1 : std::max(largest, p);
    if (!std::isnan(p)) p = largest;
  }
  return corrected;
}

}  // namespace ltlab
