#include "ltlab/analysis/statistics.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

using namespace ltlab;

TEST_CASE("Mean, deviation and t-interval agree with scipy", "[analysis]") {
  // scipy.stats: x = [0.975, 0.981, 0.979, 0.983, 0.978]; tstd(x); t.ppf(0.975, 4) * sem(x)
  const std::vector<double> x = {0.975, 0.981, 0.979, 0.983, 0.978};
  const SampleStatistics s = describe(x);
  CHECK(s.size == 5);
  CHECK(s.mean == Approx(0.9792));
  CHECK(s.deviation == Approx(0.0030331501776206233));
  CHECK(s.half_width == Approx(0.0037661533766968876));
  CHECK(describe(std::vector<double>{3.0}).half_width == 0);
}

TEST_CASE("Equal values have no deviation, however they are rounded", "[analysis][statistics]") {
  const SampleStatistics s = describe(std::vector<double>{0.1, 0.1, 0.1});
  CHECK(s.mean == 0.1);
  CHECK(s.deviation == 0);
}

TEST_CASE("Student's interval agrees with scipy, and is unbounded for a single value",
          "[analysis][statistics]") {
  // scipy.stats.t.interval(0.95, 4, numpy.mean(x), scipy.stats.sem(x))
  const Interval interval = student_interval(std::vector<double>{0.975, 0.981, 0.979, 0.983, 0.978});
  CHECK(interval.low == Approx(0.9754338466233031).epsilon(1e-12));
  CHECK(interval.high == Approx(0.9829661533766968).epsilon(1e-12));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  CHECK(student_interval(std::vector<double>{0.5}) == Interval{-kInfinity, kInfinity});
  CHECK(student_interval(std::vector<double>{0.5, 0.5}) == Interval{0.5, 0.5});
  CHECK_THROWS_AS(student_interval({}), ConfigError);
  CHECK_THROWS_AS(student_interval(std::vector<double>{0.5, NAN}), ConfigError);
  CHECK_THROWS_AS(student_interval(std::vector<double>{0.5, 0.6}, 1), ConfigError);
}

TEST_CASE("Student's interval holds the mean as often as it says", "[analysis][statistics]") {
  RandomStream random({0, "student interval"});
  constexpr int kSamples = 4000;
  for (const std::size_t size : {2, 3, 5}) {
    int held = 0;
    std::vector<double> values(size);
    for (int sample = 0; sample < kSamples; ++sample) {
      for (double& value : values) value = 0.9 + 0.01 * random.normal();
      const auto holds = [](const Interval& interval) { return interval.low <= 0.9 && 0.9 <= interval.high; };
      held += holds(student_interval(values)) ? 1 : 0;
    }
    CHECK(held / double{kSamples} == Approx(0.95).margin(0.01));
  }
}
