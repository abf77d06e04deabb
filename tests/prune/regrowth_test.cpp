#include <catch2/catch.hpp>

#include "ltlab/prune/pruning.h"
#include "support/test_data.h"

using namespace ltlab;

TEST_CASE("The lowest survivors are dropped, and the highest of the pruned grow", "[prune]") {
  const Mask mask{"w", {1, 6}, {1, 1, 1, 0, 0, 0}};
  const RegrowthScores scores{{3, 1, 2, 9, 9, 9}, {9, 0, 9, 1, 3, 2}};
  CHECK(drop_and_grow(mask, scores, 1).keep == std::vector<std::uint8_t>{1, 0, 1, 0, 1, 0});
  CHECK(drop_and_grow(mask, scores, 0).keep == mask.keep);
  // What is dropped may grow again.
  CHECK(drop_and_grow(mask, scores, 3).keep == std::vector<std::uint8_t>{1, 0, 1, 0, 1, 0});
}

TEST_CASE("Of equal scores the earlier weight is dropped and grows first", "[prune]") {
  const Mask mask{"w", {1, 6}, {1, 1, 1, 0, 0, 0}};
  CHECK(drop_and_grow(mask, {{1, 1, 1, 0, 0, 0}, {0, 0, 0, 5, 5, 5}}, 2).keep ==
        std::vector<std::uint8_t>{0, 0, 1, 1, 1, 0});
}

TEST_CASE("Regrowth keeps the number of survivors, of a full mask too", "[prune]") {
  Mask mask = test::random_mask("w", {20, 30}, 0.2, 1);
  const AlignedVector<float> keep = test::random_values<float>(600, 1),
                             grow = test::random_values<float>(600, 2);
  const RegrowthScores scores{{keep.begin(), keep.end()}, {grow.begin(), grow.end()}};
  CHECK(drop_and_grow(mask, scores, 50).survivors() == mask.survivors());
  mask = full_mask("w", {20, 30});
  CHECK(drop_and_grow(mask, scores, 50).keep == mask.keep);
}
