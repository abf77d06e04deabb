#include "ltlab/train/data_order.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace ltlab;

namespace {

std::vector<std::uint32_t> images(std::uint32_t first, std::uint32_t count) {
  std::vector<std::uint32_t> result(count);
  for (std::uint32_t i = 0; i < count; ++i) result[i] = first + i;
  return result;
}

std::vector<std::uint32_t> epoch_of(DataOrder& order, std::uint64_t epoch) {
  std::vector<std::uint32_t> seen;
  for (std::uint64_t s = 0; s < order.steps_per_epoch(); ++s) {
    std::ranges::copy(order.batch(epoch * order.steps_per_epoch() + s), std::back_inserter(seen));
  }
  return seen;
}

}  // namespace

TEST_CASE("An epoch shows every image once, in an order of its own", "[train]") {
  DataOrder order(images(5, 100), 30, 1, 2);
  CHECK(order.steps_per_epoch() == 4);
  CHECK(order.batch(2).size() == 30);
  CHECK(order.batch(3).size() == 10);
  const std::vector<std::uint32_t> first = epoch_of(order, 0), second = epoch_of(order, 1);
  CHECK(first != second);
  CHECK(std::ranges::is_permutation(first, images(5, 100)));
  CHECK(std::ranges::is_permutation(second, images(5, 100)));
}

TEST_CASE("A step's batch depends on seed, level and step alone", "[train]") {
  DataOrder a(images(0, 100), 30, 1, 2), b(images(0, 100), 30, 1, 2);
  epoch_of(a, 0);
  CHECK(std::ranges::equal(a.batch(9), b.batch(9)));
  CHECK(std::ranges::equal(a.batch(1), b.batch(1)));
  DataOrder other_level(images(0, 100), 30, 1, 3), other_seed(images(0, 100), 30, 2, 2);
  CHECK_FALSE(std::ranges::equal(a.batch(0), other_level.batch(0)));
  CHECK_FALSE(std::ranges::equal(a.batch(0), other_seed.batch(0)));
}
