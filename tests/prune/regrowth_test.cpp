#include <algorithm>
#include <catch2/catch.hpp>

#include "ltlab/prune/pruning.h"
#include "support/test_data.h"

using namespace ltlab;

namespace {

std::vector<std::uint8_t> moved(const Mask& mask, const std::vector<float>& keep,
                                const std::vector<float>& grow, std::size_t count) {
  return drop_and_grow(mask, lowest(places_of(mask, 1), keep, count), grow).keep;
}

}  // namespace

TEST_CASE("The lowest survivors are dropped, and the highest of the pruned grow", "[prune]") {
  const Mask mask{"w", {1, 6}, {1, 1, 1, 0, 0, 0}};
  const std::vector<float> keep{3, 1, 2, 9, 9, 9}, grow{9, 0, 9, 1, 3, 2};
  CHECK(moved(mask, keep, grow, 1) == std::vector<std::uint8_t>{1, 0, 1, 0, 1, 0});
  CHECK(moved(mask, keep, grow, 0) == mask.keep);
  // What is dropped may grow again.
  CHECK(moved(mask, keep, grow, 3) == std::vector<std::uint8_t>{1, 0, 1, 0, 1, 0});
}

TEST_CASE("Of equal scores the earlier weight is dropped and grows first", "[prune]") {
  const Mask mask{"w", {1, 6}, {1, 1, 1, 0, 0, 0}};
  CHECK(moved(mask, {1, 1, 1, 0, 0, 0}, {0, 0, 0, 5, 5, 5}, 2) ==
        std::vector<std::uint8_t>{0, 0, 1, 1, 1, 0});
}

TEST_CASE("Regrowth keeps the number of survivors, of a full mask too", "[prune]") {
  Mask mask = test::random_mask("w", {20, 30}, 0.2, 1);
  const AlignedVector<float> drawn = test::random_values<float>(600, 1),
                             others = test::random_values<float>(600, 2);
  const std::vector<float> keep(drawn.begin(), drawn.end()), grow(others.begin(), others.end());
  CHECK(static_cast<std::size_t>(std::ranges::count(moved(mask, keep, grow, 50), 1)) == mask.survivors());
  mask = full_mask("w", {20, 30});
  CHECK(moved(mask, keep, grow, 50) == mask.keep);
}
