#include "ltlab/analysis/clustering.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

using namespace ltlab;

TEST_CASE("Average linkage merges as scipy does", "[analysis]") {
  const std::size_t size = 7;
  std::vector<double> distances;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j)
      distances.push_back(i == j ? 0 : static_cast<double>(((i * i + j * j) * 37 + i * j * 11) % 101) / 101);
  }
  // scipy.cluster.hierarchy.linkage(squareform(distances), "average")
  const Merge expected[] = {{1, 2, 0.04950495, 2}, {3, 5, 0.08910891, 2}, {0, 6, 0.18811881, 2},
                            {4, 8, 0.33168317, 3}, {7, 9, 0.5, 4},        {10, 11, 0.50742574, 7}};
  const std::vector<Merge> merges = average_linkage(distances, size);
  REQUIRE(merges.size() == 6);
  for (std::size_t m = 0; m < merges.size(); ++m) {
    CHECK(merges[m].first == expected[m].first);
    CHECK(merges[m].second == expected[m].second);
    CHECK(merges[m].distance == Approx(expected[m].distance).epsilon(1e-7));
    CHECK(merges[m].items == expected[m].items);
  }
  CHECK(average_linkage(std::vector<double>{0}, 1).empty());
  CHECK_THROWS_AS(average_linkage(distances, 6), ConfigError);
}
