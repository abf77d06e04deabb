#include "ltlab/analysis/matching.h"

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "ltlab/analysis/resamples.h"
#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

namespace {

double mean_of_seeds(const std::vector<double>& values, std::span<const std::size_t> seeds) {
  return mean_of(resampled(values, seeds), std::identity());
}

}  // namespace

TEST_CASE("The sparsest matching level is the last before the first that is not", "[analysis][statistics]") {
  const std::vector<bool> matching = {true, true, false, true};
  const auto criterion = [&](std::size_t level, std::span<const std::size_t>) { return matching[level]; };
  CHECK(matching_distribution(4, 3, criterion).share == std::vector<double>{0, 1, 0, 0});
  CHECK(matching_distribution(2, 3, criterion).share == std::vector<double>{0, 1});
  CHECK(matching_distribution(0, 3, criterion).share_of_none == 1);
  const auto none = [](std::size_t, std::span<const std::size_t>) { return false; };
  CHECK(matching_distribution(4, 3, none).share_of_none == 1);
}

TEST_CASE("The bootstrap of the sparsest matching level counts all resamples of the seeds",
          "[analysis][statistics]") {
  // Two seeds, four resamples: {0, 0}, {0, 1} twice, {1, 1}. A level matches by a mean of at least 0.
  const std::vector<std::vector<double>> levels = {{1, 1}, {1, -1}, {-3, 2}};
  const auto criterion = [&](std::size_t level, std::span<const std::size_t> seeds) {
    return mean_of_seeds(levels[level], seeds) >= 0;
  };
  const MatchingDistribution distribution = matching_distribution(3, 2, criterion);
  // {0, 0}: 1, 1, -3, so level 1. {0, 1}: 1, 0, -0.5, so level 1. {1, 1}: 1, -1, 2, so level 0.
  CHECK(distribution.share == std::vector<double>{0.25, 0.75, 0});
  CHECK(distribution.share_of_none == 0);
  CHECK(distribution.quantile(0.025) == 0);
  CHECK(distribution.quantile(0.25) == 0);
  CHECK(distribution.quantile(0.5) == 1);
  CHECK(distribution.quantile(1) == 1);
  const MatchingDistribution reversed =
      matching_distribution(2, 2, [&](std::size_t level, std::span<const std::size_t> seeds) {
        return mean_of_seeds(levels[level + 1], seeds) >= 0;
      });
  CHECK(reversed.share == std::vector<double>{0.75, 0});
  CHECK(reversed.share_of_none == 0.25);
  CHECK_FALSE(reversed.quantile(0.25));
  CHECK(reversed.quantile(0.3) == 0);
  const MatchingDistribution single =
      matching_distribution(2, 1, [](std::size_t level, std::span<const std::size_t>) { return level == 0; });
  CHECK(single.share == std::vector<double>{1, 0});
  CHECK_THROWS_AS(matching_distribution(2, 0, criterion), ConfigError);
}

TEST_CASE("The interval of the sparsest matching level holds the population's less often than 95 %",
          "[analysis][statistics]") {
  // Accuracy falls by 0.25 deviations a level, and a level is matching within one of the dense mean: up to
  // level 4, strictly within 4.5 levels.
  RandomStream random({0, "matching"});
  constexpr int kSamples = 300;
  const auto coverage = [&](std::size_t seeds) {
    int held = 0;
    for (int sample = 0; sample < kSamples; ++sample) {
      std::vector<std::vector<double>> levels(10, std::vector<double>(seeds));
      for (std::size_t level = 0; level < levels.size(); ++level) {
        for (double& accuracy : levels[level])
          accuracy = -0.25 * static_cast<double>(level) + random.normal();
      }
      const MatchingDistribution distribution = matching_distribution(
          levels.size(), seeds, [&](std::size_t level, std::span<const std::size_t> members) {
            return mean_of_seeds(levels[level], members) >= mean_of_seeds(levels[0], members) - 1.125;
          });
      const std::optional<std::size_t> low = distribution.quantile(0.025),
                                       high = distribution.quantile(0.975);
      held += low.value_or(0) <= 4 && high.value_or(0) >= 4 ? 1 : 0;
    }
    return held / double{kSamples};
  };
  // Of 3000 samples: 0.742, 0.861 and 0.919.
  CHECK(coverage(3) == Approx(0.74).margin(0.07));
  CHECK(coverage(5) == Approx(0.86).margin(0.06));
  CHECK(coverage(8) == Approx(0.92).margin(0.05));
}
