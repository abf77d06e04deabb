#include "ltlab/prune/allocation.h"

#include <catch2/catch.hpp>
#include <numeric>

using namespace ltlab;

namespace {

double total(const std::vector<std::size_t>& kept) {
  return static_cast<double>(std::accumulate(kept.begin(), kept.end(), std::size_t{0}));
}

}  // namespace

TEST_CASE("Uniform layers have the same density", "[prune]") {
  CHECK(keep_uniformly({{300, 784}, {100, 300}, {10, 100}}, 26620) ==
        std::vector<std::size_t>{23520, 3000, 100});
}

TEST_CASE("Layers keep in proportion to the sum of their extents", "[prune]") {
  // 1084 + 400 + 110 = 1594 where the factor is 1; here it is 5.
  CHECK(keep_by_erdos_renyi({{300, 784}, {100, 300}, {10, 100}}, 5 * 1594) ==
        std::vector<std::size_t>{5420, 2000, 550});
  // A kernel's extents count: 16 + 3 + 3 + 3 and 32 + 16 + 3 + 3, twice.
  CHECK(keep_by_erdos_renyi({{16, 3, 3, 3}, {32, 16, 3, 3}}, 2 * (25 + 54)) ==
        std::vector<std::size_t>{50, 108});
}

TEST_CASE("Layers that would exceed density 1 stay whole, and the others keep the rest", "[prune]") {
  const std::vector<Shape> layers{{300, 784}, {100, 300}, {10, 100}};
  // At factor 26620 / 1594 the last would keep 1837 of 1000.
  const double factor = (26620.0 - 1000) / 1484;
  const auto kept = keep_by_erdos_renyi(layers, 26620);
  CHECK(kept[2] == 1000);
  CHECK(static_cast<double>(kept[0]) == Approx(factor * 1084).margin(0.5));
  CHECK(static_cast<double>(kept[1]) == Approx(factor * 400).margin(0.5));
  CHECK(total(kept) == Approx(26620).margin(1));
  // What one layer leaves may fill the next: 30000 of 266200 need more than fc2's 400 shares.
  const auto dense = keep_by_erdos_renyi(layers, 260000);
  CHECK(dense == std::vector<std::size_t>{229000, 30000, 1000});
  CHECK(keep_by_erdos_renyi(layers, 266200) == std::vector<std::size_t>{235200, 30000, 1000});
}

TEST_CASE("Fewer survivors never let a layer keep more", "[prune]") {
  const std::vector<Shape> layers{{64, 3, 3, 3}, {64, 64, 3, 3}, {256, 16384}, {10, 256}};
  std::vector<std::size_t> before = keep_by_erdos_renyi(layers, 4e6);
  for (double survivors = 3.9e6; survivors > 1000; survivors *= 0.8) {
    const std::vector<std::size_t> kept = keep_by_erdos_renyi(layers, survivors);
    CHECK(total(kept) == Approx(survivors).margin(2));
    for (std::size_t l = 0; l < layers.size(); ++l) CHECK(kept[l] <= before[l]);
    before = kept;
  }
}

TEST_CASE("Layers at their least leave less to the others", "[prune]") {
  const std::vector<Shape> layers{{300, 784}, {100, 300}, {10, 100}};
  CHECK(keep_uniformly(layers, 2662, 200) == std::vector<std::size_t>{2183, 279, 200});
  CHECK(keep_uniformly(layers, 600, 200) == std::vector<std::size_t>{200, 200, 200});
  CHECK(keep_uniformly(layers, 33800, 2000) ==
        std::vector<std::size_t>{29090, 3710, 1000});  // all that it has
  CHECK(keep_by_erdos_renyi(layers, 1594, 200) == std::vector<std::size_t>{1018, 376, 200});
  for (double survivors = 260000; survivors > 1500; survivors *= 0.9) {
    for (const std::size_t least : {1U, 50U, 500U}) {
      for (const auto& kept :
           {keep_uniformly(layers, survivors, least), keep_by_erdos_renyi(layers, survivors, least)}) {
        CHECK(total(kept) == Approx(survivors).margin(1.5));
        for (const std::size_t layer : kept) CHECK(layer >= least);
      }
    }
  }
}
