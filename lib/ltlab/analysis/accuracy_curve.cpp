#include "ltlab/analysis/accuracy_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace ltlab {

double area_under_curve(std::span<const CurvePoint> points, double sparsest) {
  sparsest = std::max(sparsest, points.back().density);
  double area = 0;
  for (std::size_t i = 1; i < points.size() && points[i - 1].density > sparsest; ++i) {
    const CurvePoint &dense = points[i - 1], &sparse = points[i];
    const double end = std::max(sparse.density, sparsest);
    const double width = std::log(dense.density / end);
    const double slope = (sparse.accuracy - dense.accuracy) / std::log(dense.density / sparse.density);
    area += width * (dense.accuracy + slope * width / 2);
  }
  return area / std::log(points.front().density / sparsest);
}

std::vector<std::size_t> pareto_front(std::span<const CostPoint> points) {
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {},
                           [&](std::size_t i) { return std::pair(points[i].cost, -points[i].accuracy); });
  std::vector<std::size_t> front;
  double best = -std::numeric_limits<double>::infinity();
  for (const std::size_t i : order) {
    if (points[i].accuracy <= best) continue;
    best = points[i].accuracy;
    front.push_back(i);
  }
  return front;
}

}  // namespace ltlab
