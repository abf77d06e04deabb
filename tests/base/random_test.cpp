#include "ltlab/base/random.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace ltlab;

namespace {

struct Moments {
  double mean = 0, variance = 0;
};

template <class Draw>
Moments moments(int n, Draw draw) {
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = draw();
    sum += x;
    squares += x * x;
  }
  return {sum / n, squares / n - sum / n * sum / n};
}

}  // namespace

TEST_CASE("Philox gives the published numbers", "[random]") {
  // Known-answer test of Random123's kat_vectors: philox4x64 10, zero counter and key.
  const r123::Philox4x64::ctr_type counter{{0, 0, 0, 0}};
  const r123::Philox4x64::key_type key{{0, 0}};
  const auto block = r123::Philox4x64{}(counter, key);
  CHECK(block[0] == 0x16554d9eca36314cull);
  CHECK(block[1] == 0xdb20fe9d672d0fdcull);
  CHECK(block[2] == 0xd7e772cee186176bull);
  CHECK(block[3] == 0x7e68b68aec7ba23bull);
}

TEST_CASE("A stream is a function of its name", "[random]") {
  RandomStream a({1, "data-order", 2, 3}), b({1, "data-order", 2, 3});
  for (int i = 0; i < 100; ++i) REQUIRE(a() == b());
  const RandomStream::result_type first = RandomStream({1, "data-order", 2, 3})();
  CHECK(RandomStream({2, "data-order", 2, 3})() != first);
  CHECK(RandomStream({1, "init", 2, 3})() != first);
  CHECK(RandomStream({1, "data-order", 3, 3})() != first);
  CHECK(RandomStream({1, "data-order", 2, 4})() != first);
}

TEST_CASE("Distributions have the moments they should", "[random]") {
  RandomStream random({7, "test", 0, 0});
  const int n = 200000;
  const Moments uniform = moments(n, [&] { return random.uniform(); });
  CHECK(uniform.mean == Approx(0.5).margin(0.005));
  CHECK(uniform.variance == Approx(1.0 / 12).margin(0.002));
  const Moments normal = moments(n, [&] { return random.normal(); });
  CHECK(normal.mean == Approx(0).margin(0.01));
  CHECK(normal.variance == Approx(1).margin(0.02));
  const Moments truncated = moments(n, [&] {
    const double x = random.truncated_normal();
    REQUIRE(std::abs(x) <= 2);
    return x;
  });
  CHECK(truncated.mean == Approx(0).margin(0.01));
  CHECK(std::sqrt(truncated.variance) == Approx(0.87962566).margin(0.01));
}

TEST_CASE("below is uniform over its range", "[random]") {
  RandomStream random({8, "test", 0, 0});
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  double chi_squared = 0;
  for (const int count : counts) chi_squared += (count - 10000.0) * (count - 10000.0) / 10000.0;
  CHECK(chi_squared < 22.5);  // 99.9 % quantile at 6 degrees of freedom
  CHECK(random.below(1) == 0);
}

TEST_CASE("A permutation holds every index once, and differs by stream", "[random]") {
  std::vector<std::uint32_t> order = RandomStream({1, "a", 0, 0}).permutation(1000);
  CHECK(order != RandomStream({1, "b", 0, 0}).permutation(1000));
  std::ranges::sort(order);
  for (std::uint32_t i = 0; i < 1000; ++i) REQUIRE(order[i] == i);
}
