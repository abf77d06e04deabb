#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ltlab {

/// A network on a curve of accuracy over density.
struct CurvePoint {
  double density = 1;
  double accuracy = 0;
};

/// Returns the mean accuracy over the logarithm of density, from the first point's density down to
/// `sparsest`: the area under the curve by the trapezoid rule, over its width, with accuracies between two
/// points interpolated. It ends with the last point where that is denser. Needs at least two points, with
/// falling densities, the first above `sparsest`.
double area_under_curve(std::span<const CurvePoint> points, double sparsest);

/// The cost of obtaining a network, and its accuracy.
struct CostPoint {
  double cost = 0;
  double accuracy = 0;
};

/// Returns the indices, in order of cost, of the points that no other one beats by being as cheap and as
/// accurate and better in one. Of equal points, the first is kept.
std::vector<std::size_t> pareto_front(std::span<const CostPoint> points);

}  // namespace ltlab
