#include "ltlab/prune/pruning.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

PruningCandidate candidate(const std::string& name, std::vector<float> weights, double rate) {
  const Shape shape{1, weights.size()};
  return {full_mask(name, shape), {name, shape, AlignedVector<float>(weights.begin(), weights.end())}, rate};
}

}  // namespace

TEST_CASE("Layerwise pruning takes the smallest magnitudes of each layer", "[prune]") {
  const auto masks =
      prune_by_magnitude({candidate("a", {0.1f, -5, 0.2f, 3, -0.05f}, 0.4), candidate("b", {100, 200}, 0.5)},
                         PruningScope::layerwise);
  CHECK(masks[0].keep == std::vector<std::uint8_t>{0, 1, 1, 1, 0});
  CHECK(masks[1].keep == std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("Global pruning lets layers of one rate compete, and others keep theirs", "[prune]") {
  const auto masks =
      prune_by_magnitude({candidate("a", {0.1f, -5, 0.2f, 3}, 0.5), candidate("b", {100, 0.3f}, 0.5),
                          candidate("output", {0.001f, 0.002f}, 0.25)},
                         PruningScope::global);
  CHECK(masks[0].keep == std::vector<std::uint8_t>{0, 1, 0, 1});
  CHECK(masks[1].keep == std::vector<std::uint8_t>{1, 0});
  CHECK(masks[2].survivors() == 1);  // 0.25 of 2 rounds to 1
  CHECK(masks[2].keep == std::vector<std::uint8_t>{0, 1});
}

TEST_CASE("Pruning goes on among the survivors, masks stay nested, counts round to nearest", "[prune]") {
  const Tensor weights = random_tensor("w", {30, 40}, 1);
  std::vector<Mask> masks{full_mask("w", {30, 40})};
  std::size_t survivors = 1200;
  for (int round = 0; round < 25; ++round) {
    const std::vector<Mask> next = prune_by_magnitude({{masks[0], weights, 0.2}}, PruningScope::layerwise);
    survivors -= static_cast<std::size_t>(std::llround(0.2 * static_cast<double>(survivors)));
    REQUIRE(next[0].survivors() == survivors);
    REQUIRE(nested(next, masks));
    float smallest_kept = 1e9f, largest_pruned = 0;
    for (std::size_t i = 0; i < 1200; ++i) {
      if (!masks[0].keep[i]) continue;
      const float magnitude = std::abs(weights.values[i]);
      if (next[0].keep[i]) smallest_kept = std::min(smallest_kept, magnitude);
      if (!next[0].keep[i]) largest_pruned = std::max(largest_pruned, magnitude);
    }
    REQUIRE(largest_pruned <= smallest_kept);
    masks = next;
  }
}

TEST_CASE("Of equal magnitudes the earlier weight goes first", "[prune]") {
  const auto masks = prune_by_magnitude({candidate("a", {1, -1, 1, -1}, 0.5)}, PruningScope::layerwise);
  CHECK(masks[0].keep == std::vector<std::uint8_t>{0, 0, 1, 1});
}

TEST_CASE("Random masks keep each layer's count, elsewhere", "[prune]") {
  const std::vector<Mask> masks{random_mask("a", {20, 30}, 0.1, 1), random_mask("b", {10, 20}, 0.5, 2)};
  const std::vector<Mask> drawn = random_masks(masks, 1, 2, 3);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(drawn[i].name == masks[i].name);
    CHECK(drawn[i].survivors() == masks[i].survivors());
    CHECK(drawn[i].keep != masks[i].keep);
  }
  CHECK(random_masks(masks, 1, 2, 3)[0].keep == drawn[0].keep);
  CHECK(random_masks(masks, 1, 2, 4)[0].keep != drawn[0].keep);
  CHECK(random_masks(masks, 1, 3, 3)[0].keep != drawn[0].keep);
  CHECK_THROWS_AS(pruning_scope_names().parse("layer"), ConfigError);
}
