#include "ltlab/analysis/resamples.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

using namespace ltlab;

TEST_CASE("All resamples of few are visited as often as they can be drawn", "[analysis][statistics]") {
  // All ordered draws of four, sorted and counted.
  std::map<std::vector<std::size_t>, std::uint64_t> drawn;
  for (std::size_t draw = 0; draw < 256; ++draw) {
    std::vector<std::size_t> members = {draw % 4, draw / 4 % 4, draw / 16 % 4, draw / 64};
    std::ranges::sort(members);
    ++drawn[members];
  }
  std::map<std::vector<std::size_t>, std::uint64_t> visited;
  for_each_resample(4, [&](std::span<const std::size_t> members, std::uint64_t times) {
    CHECK(visited.emplace(std::vector(members.begin(), members.end()), times).second);
  });
  CHECK(visited == drawn);
}

TEST_CASE("Resamples of many are drawn, the same each time", "[analysis][statistics]") {
  std::vector<double> sums;
  std::uint64_t resamples = 0;
  for (int again = 0; again < 2; ++again) {
    double sum = 0;
    for_each_resample(20, [&](std::span<const std::size_t> members, std::uint64_t times) {
      resamples += times;
      for (const std::size_t member : members) sum += static_cast<double>(member);
    });
    sums.push_back(sum / (20 * 10000));
  }
  CHECK(resamples == 20000);
  CHECK(sums[0] == sums[1]);
  CHECK(sums[0] == Approx(9.5).margin(0.04));  // standard error 0.013
}

TEST_CASE("A resample's values are those of its members", "[analysis][statistics]") {
  CHECK(resampled(std::vector<double>{5, 6, 7}, std::vector<std::size_t>{0, 2, 2}) ==
        std::vector<double>{5, 7, 7});
}
