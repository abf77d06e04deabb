#include "ltlab/analysis/signed_rank.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace ltlab;

TEST_CASE("Wilcoxon's signed-rank test is exact and agrees with scipy", "[analysis]") {
  // scipy.stats.wilcoxon
  CHECK(signed_rank_p(std::vector<double>{0.004, 0.0005, 0.007, -0.001, 0.0085}) == Approx(0.1875));
  const std::vector<double> eleven = {0.3, -0.1, 0.25, 0.4, -0.35, 0.6, 0.7, 0.05, -0.15, 0.45, 0.8};
  CHECK(signed_rank_p(eleven) == Approx(0.0537109375));
}

TEST_CASE("Tied ranks count all their signs, and differences of zero do not count", "[analysis]") {
  // Ranks 1.5, 1.5, 3: sums 0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6. Of {1, 1, -2} positive are 3, as low as 5 of 8.
  CHECK(signed_rank_p(std::vector<double>{1, 1, -2}) == 1);
  CHECK(signed_rank_p(std::vector<double>{1, 1, 2}) == Approx(2.0 / 8));
  CHECK(signed_rank_p(std::vector<double>{-1, 1, 2}) == Approx(2 * 3.0 / 8));
  CHECK(signed_rank_p(std::vector<double>{0, 1, 1, 0, 2}) == Approx(2.0 / 8));
  // Tied but for rounding: 10 images of 10,000 each.
  CHECK(signed_rank_p(std::vector<double>{0.9810 - 0.9800, 0.9735 - 0.9725, 0.9720 - 0.9740}) == Approx(1));
}
