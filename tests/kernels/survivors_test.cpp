#include "ltlab/kernels/survivors.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "support/every_target.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// Survivors at random, or none from `end` on.
std::vector<std::uint8_t> random_survival(std::size_t size, double density, std::size_t end) {
  std::vector<std::uint8_t> keep = random_mask("w", {size}, density, 7).keep;
  std::fill(keep.begin() + static_cast<std::ptrdiff_t>(end), keep.end(), std::uint8_t{0});
  return keep;
}

template <class T>
void check_both_ways(const std::vector<std::uint8_t>& keep) {
  const AlignedVector<std::uint8_t> bits = survivor_bits(keep);
  const AlignedVector<T> dense = random_values<T>(keep.size(), 1);
  std::vector<T> survivors;
  std::vector<T> masked(keep.size());
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) continue;
    survivors.push_back(dense[i]);
    masked[i] = dense[i];
  }
  std::vector<T> compressed(survivors.size(), T(99)), expanded(keep.size(), T(99));
  compress<T>(bits, dense, compressed);
  expand<T>(bits, survivors, expanded);
  CHECK(compressed == survivors);
  CHECK(expanded == masked);
}

}  // namespace

TEMPLATE_TEST_CASE("Survivors are picked from a dense array and spread out again", "[kernels]", float,
                   double) {
  on_every_target([] {
    for (const std::size_t size : {0u, 1u, 7u, 8u, 9u, 63u, 64u, 1000u, 1003u}) {
      for (const double density : {0.0, 0.02, 0.5, 0.9, 1.0}) {
        INFO(size << " elements, density " << density);
        check_both_ways<TestType>(random_survival(size, density, size));
        check_both_ways<TestType>(random_survival(size, density, size / 2));
      }
    }
  });
}
