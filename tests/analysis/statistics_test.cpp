#include "ltlab/analysis/statistics.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "ltlab/analysis/bootstrap.h"
#include "ltlab/analysis/search_results.h"
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

TEST_CASE("Student's interval holds the mean as often as it says, a percentile bootstrap does not",
          "[analysis][statistics]") {
  RandomStream random({0, "student interval"});
  constexpr int kSamples = 4000;
  for (const std::size_t size : {2, 3, 5}) {
    int held = 0, held_by_bootstrap = 0;
    std::vector<double> values(size);
    for (int sample = 0; sample < kSamples; ++sample) {
      for (double& value : values) value = 0.9 + 0.01 * random.normal();
      const auto holds = [](const Interval& interval) { return interval.low <= 0.9 && 0.9 <= interval.high; };
      held += holds(student_interval(values)) ? 1 : 0;
      held_by_bootstrap += holds(bootstrap_interval(values)) ? 1 : 0;
    }
    CHECK(held / double{kSamples} == Approx(0.95).margin(0.01));
    CHECK(held_by_bootstrap / double{kSamples} < 0.87);
  }
}

namespace {

LevelSummary summary(double density, double accuracy) {
  LevelSummary s;
  s.density = density;
  s.test_accuracy = s.early_stop_test_accuracy = accuracy;
  s.early_stop_step = 100;
  return s;
}

}  // namespace

TEST_CASE("The verdict names the sparsest matching level and where the control fails", "[analysis]") {
  SearchResults results;
  const double ticket[] = {0.98, 0.985, 0.979, 0.97}, reinit[] = {0, 0.981, 0.97, 0.96};
  const double densities[] = {1, 0.5, 0.2, 0.1};
  for (unsigned level = 0; level < 4; ++level) {
    for (unsigned r = 0; r < 2; ++r) {
      const double shift = r == 0 ? -0.001 : 0.001;  // dense: deviation sqrt(2) * 0.001, threshold 0.97859
      results.add({r, "ticket", 0, level}, summary(densities[level], ticket[level] + shift));
      if (level == 0) continue;
      for (unsigned trial = 0; trial < 3; ++trial) {
        results.add({r, "random-reinit", trial, level},
                    summary(densities[level], reinit[level] + 0.01 * (trial - 1.0)));
      }
    }
  }
  const std::vector<LevelStatistics> levels = results.levels();
  REQUIRE(levels.size() == 4);
  CHECK(levels[2].density == Approx(0.2));
  CHECK(levels[1].branches.at("random-reinit").test_accuracy.size ==
        2);  // trials are averaged within a replicate
  CHECK(levels[1].branches.at("random-reinit").test_accuracy.mean == Approx(0.981));
  const Verdict verdict = judge(levels);
  CHECK(verdict.dense_accuracy == Approx(0.98));
  CHECK(verdict.dense_deviation.value() == Approx(0.00141421356));
  CHECK(verdict.required_accuracy == Approx(0.97858578644));
  CHECK(verdict.sparsest_matching == 2);
  CHECK(verdict.control_fails.at("random-reinit") == 2);
}

TEST_CASE("A single replicate has no deviation, and is held to the dense accuracy itself", "[analysis]") {
  SearchResults results;
  results.add({0, "ticket", 0, 0}, summary(1, 0.98));
  results.add({0, "ticket", 0, 1}, summary(0.5, 0.98));
  results.add({0, "ticket", 0, 2}, summary(0.2, 0.9799));
  const Verdict verdict = judge(results.levels());
  CHECK_FALSE(verdict.dense_deviation);
  CHECK(verdict.required_accuracy == 0.98);
  CHECK(verdict.sparsest_matching == 1);
}

TEST_CASE("The cost of a search is that of all its trainings", "[analysis]") {
  SearchResults results;
  LevelSummary level = summary(1, 0.9);
  level.cost = {2, 30, 40};
  results.add({0, "ticket", 0, 0}, level);
  results.add({0, "ticket", 0, 1}, level);
  results.add({0, "random-mask", 1, 1}, level);
  CHECK(results.trainings() == 3);
  CHECK(results.cost() == Cost{6, 90, 120});
}

TEST_CASE("Without a matching level there is no winning ticket", "[analysis]") {
  SearchResults results;
  results.add({0, "ticket", 0, 0}, summary(1, 0.98));
  results.add({0, "ticket", 0, 1}, summary(0.5, 0.9));
  CHECK_FALSE(judge(results.levels()).sparsest_matching.has_value());
}
