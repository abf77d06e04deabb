#include "ltlab/analysis/accuracy_curve.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace ltlab;

TEST_CASE("The area under a curve is its mean over log density", "[analysis]") {
  const std::vector<CurvePoint> halves = {{1, 0.9}, {0.5, 0.8}, {0.25, 0.6}};
  // numpy.trapz([0.9, 0.8, 0.6], [0, log(2), log(4)]) / log(4)
  CHECK(area_under_curve(halves, 0.25) == Approx((0.85 + 0.7) / 2));
  CHECK(area_under_curve(halves, 0.5) == Approx(0.85));
  // Half way in log density lies half way in accuracy.
  CHECK(area_under_curve(halves, std::sqrt(0.125)) == Approx((0.85 + 0.75 / 2) / 1.5));
  // A curve that ends earlier is taken as far as it goes.
  CHECK(area_under_curve(halves, 0.1) == Approx(area_under_curve(halves, 0.25)));
  const std::vector<CurvePoint> flat = {{1, 0.7}, {0.3, 0.7}, {0.01, 0.7}};
  CHECK(area_under_curve(flat, 0.02) == Approx(0.7));
}

TEST_CASE("The Pareto front keeps what none beats, from cheap to costly", "[analysis]") {
  const std::vector<CostPoint> points = {{5, 0.9},  {1, 0.7},  {2, 0.6}, {2, 0.8},
                                         {5, 0.95}, {6, 0.95}, {1, 0.7}};
  CHECK(pareto_front(points) == std::vector<std::size_t>{1, 3, 4});
  CHECK(pareto_front({}).empty());
}
