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

/// Mean accuracy over the logarithm of density, from the first point's density down to `sparsest`: the area
/// under the curve by the trapezoid rule, over its width, accuracies between two points interpolated. Ends
/// with the last point where that is denser. At least two points, with falling densities, the first above
/// `sparsest`.
double area_under_curve(std::span<const CurvePoint> points, double sparsest);

/// What a network cost to obtain, and how accurate it is.
struct CostPoint {
  double cost = 0;
  double accuracy = 0;
};

/// Indices of the points that no other one beats, being as cheap and as accurate and better in one; in order
/// of cost. Of equal points the first.
std::vector<std::size_t> pareto_front(std::span<const CostPoint> points);

}  // namespace ltlab
