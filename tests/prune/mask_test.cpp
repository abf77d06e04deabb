#include "ltlab/prune/mask.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

TEST_CASE("a mask counts its survivors", "[mask]") {
  const Mask mask{"fc1.weight", {2, 3}, {1, 0, 0, 1, 0, 0}};
  CHECK(mask.survivors() == 2);
  CHECK(mask.density() == 2.0 / 6.0);
  const Mask full = full_mask("fc2.weight", {2, 1});
  CHECK(full.keep == std::vector<std::uint8_t>{1, 1});
  CHECK(full.density() == 1);
  CHECK(density({mask, full}) == 0.5);  // 4 of 8: by weights, not by layers
  CHECK(density({}) == 0);
}

TEST_CASE("nested masks keep no weight that the outer mask prunes", "[mask]") {
  const Mask outer{"w", {4}, {1, 1, 0, 1}};
  CHECK(nested({{"w", {4}, {1, 0, 0, 1}}}, {outer}));
  CHECK(nested({outer}, {outer}));
  CHECK_FALSE(nested({{"w", {4}, {1, 0, 1, 0}}}, {outer}));
  CHECK_THROWS_AS(nested({{"v", {4}, {1, 0, 0, 1}}}, {outer}), ConfigError);
  CHECK_THROWS_AS(nested({{"w", {2, 2}, {1, 0, 0, 1}}}, {outer}), ConfigError);
  CHECK_THROWS_AS(nested({}, {outer}), ConfigError);
}

TEST_CASE("masks are as far apart as survivors are lost", "[mask]") {
  const Mask a{"w", {8}, {1, 1, 1, 1, 0, 0, 0, 0}}, b{"w", {8}, {0, 1, 1, 1, 1, 0, 0, 0}};
  CHECK(mask_distance({a}, {a}) == 0);
  CHECK(mask_distance({a}, {b}) == 0.25);
  CHECK(mask_distance({a, full_mask("v", {4})}, {b, full_mask("v", {4})}) == 0.125);
  CHECK_THROWS_AS(mask_distance({a}, {}), ConfigError);
}

TEST_CASE("united masks keep what either keeps", "[mask]") {
  const Mask a{"w", {4}, {1, 0, 0, 1}}, b{"w", {4}, {0, 0, 1, 1}};
  CHECK(united({a}, {b}).front().keep == std::vector<std::uint8_t>{1, 0, 1, 1});
  CHECK_THROWS_AS(united({a}, {{"v", {4}, {0, 0, 1, 1}}}), ConfigError);
  CHECK_THROWS_AS(united({a}, {}), ConfigError);
}

}  // namespace
}  // namespace ltlab
