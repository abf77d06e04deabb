#include "ltlab/analysis/search_results.h"

#include <catch2/catch.hpp>

using namespace ltlab;

namespace {

LevelSummary summary(double density, double accuracy, unsigned replicate = 0) {
  LevelSummary s;
  s.level = density == 1 ? 0 : density == 0.5 ? 1 : density == 0.2 ? 2 : 3;
  s.density = density;
  s.test_accuracy = s.validation_accuracy = s.early_stop_test_accuracy = accuracy;
  s.steps = 200;
  s.early_stop_step = 100;
  s.order_sha256 = "order of replicate " + std::to_string(replicate);
  return s;
}

constexpr double kDensities[] = {1, 0.5, 0.2, 0.1};

// Five replicates, whose tickets and controls have these accuracies, spread by a tenth of a point.
SearchResults found(const std::vector<double>& ticket, const std::vector<double>& reinit,
                    const std::string& control = "random-reinit") {
  SearchResults results;
  for (unsigned level = 0; level < ticket.size(); ++level) {
    for (unsigned r = 0; r < 5; ++r) {
      const double shift = 0.0005 * (static_cast<double>((r + 3 * level) % 5) - 2);
      results.add({r, "ticket", 0, level}, summary(kDensities[level], ticket[level] + shift, r));
      if (level == 0 || reinit.empty()) continue;
      for (unsigned trial = 0; trial < 3; ++trial)
        results.add({r, control, trial, level},
                    summary(kDensities[level], reinit[level] - shift + 0.01 * (trial - 1.0), r));
    }
  }
  return results;
}

Verdict verdict_of(const SearchResults& results, const MatchingOptions& options = {}) {
  return judge(results.branches(), options);
}

}  // namespace

TEST_CASE("The verdict names the sparsest matching level, and what controls do there", "[analysis]") {
  const Verdict verdict = verdict_of(found({0.98, 0.985, 0.979, 0.97}, {0, 0.981, 0.97, 0.96}));
  REQUIRE(verdict.ticket.levels.size() == 3);
  CHECK(*verdict.ticket.sparsest == 1);
  CHECK_FALSE(verdict.ticket.ended_first);
  CHECK(verdict.ticket.on_validation);
  CHECK(verdict.dense.statistics.mean == Approx(0.98));
  CHECK(verdict.winner->statistics.mean == Approx(0.979));
  CHECK(verdict.against_dense->estimate == Approx(-0.001));
  REQUIRE(verdict.controls.size() == 1);
  CHECK(*verdict.controls[0].matching.sparsest == 0);
  CHECK(verdict.controls[0].ahead->estimate == Approx(0.009));
  CHECK(verdict.controls[0].ahead->size == 5);  // trials are averaged within a replicate
  CHECK(verdict.is_winning());
}

TEST_CASE("A level is chosen by validation, and told by test accuracy", "[analysis]") {
  SearchResults results;
  for (unsigned r = 0; r < 5; ++r) {
    const double shift = 0.0005 * r;
    for (unsigned level = 0; level < 3; ++level) {
      LevelSummary s = summary(kDensities[level], 0.98 + shift, r);
      if (level == 2) s.validation_accuracy -= 0.05;  // better on the test set alone
      results.add({r, "ticket", 0, level}, s);
    }
  }
  CHECK(*verdict_of(results).ticket.sparsest == 0);
  CHECK(*verdict_of(results, {Criterion::one_deviation, 0.005}).ticket.sparsest == 1);
}

TEST_CASE("A search that ended before a level failed may match at sparser ones", "[analysis]") {
  const Verdict verdict = verdict_of(found({0.98, 0.98, 0.98}, {}));
  CHECK(*verdict.ticket.sparsest == 1);
  CHECK(verdict.ticket.ended_first);
  CHECK_FALSE(verdict.is_winning());  // which no control tells
}

TEST_CASE("A ticket whose control does as well is no winning one", "[analysis]") {
  const std::vector<double> ticket = {0.98, 0.98, 0.98}, alike = {0, 0.9803, 0.9803};
  const Verdict verdict = verdict_of(found(ticket, alike));
  REQUIRE(verdict.ticket.sparsest);
  CHECK(verdict.controls[0].does_as_well);
  CHECK_FALSE(verdict.is_winning());
  // That signs suffice does not speak against it, and does not show it either.
  const Verdict signs = verdict_of(found(ticket, alike, "sign-only"));
  CHECK_FALSE(signs.controls[0].does_as_well);
  CHECK_FALSE(signs.is_winning());
}

TEST_CASE("A single replicate has no test, and is held to the dense accuracy itself", "[analysis]") {
  SearchResults results;
  results.add({0, "ticket", 0, 0}, summary(1, 0.98));
  results.add({0, "ticket", 0, 1}, summary(0.5, 0.98));
  results.add({0, "ticket", 0, 2}, summary(0.2, 0.9799));
  const Verdict verdict = verdict_of(results);
  CHECK_FALSE(verdict.ticket.levels[0].difference);
  CHECK_FALSE(verdict.ticket.resampled);
  CHECK(*verdict.ticket.sparsest == 0);
}

TEST_CASE("A verdict tells what makes it doubtful", "[analysis]") {
  const Verdict chance = verdict_of(found({0.13, 0.13}, {}));
  CHECK(chance.is_near_chance(10));
  CHECK_FALSE(chance.is_near_chance(100));
  CHECK_FALSE(chance.is_near_chance(0));
  CHECK_FALSE(chance.is_unfinished());
  SearchResults late;
  for (unsigned r = 0; r < 2; ++r) {
    LevelSummary dense = summary(1, 0.9, r), pruned = summary(0.5, 0.9, r);
    pruned.early_stop_step = dense.early_stop_step = 200;
    late.add({r, "ticket", 0, 0}, dense);
    late.add({r, "ticket", 0, 1}, pruned);
    late.add({r, "random-mask", 0, 1}, summary(0.5, 0.8, r));
  }
  const Verdict verdict = verdict_of(late);
  CHECK(verdict.networks == 6);  // the dense ones count once
  CHECK(verdict.still_improving == 4);
  CHECK(verdict.is_unfinished());
  CHECK(verdict.has_few_replicates());
}

TEST_CASE("A dense network that never improved has diverged, however accurate it ended", "[analysis]") {
  const auto diverged = [](unsigned at_first) {
    SearchResults results;
    for (unsigned r = 0; r < 3; ++r) {
      LevelSummary dense = summary(1, 0.4, r);
      dense.early_stop_step = r < at_first ? 0 : 100;
      results.add({r, "ticket", 0, 0}, dense);
    }
    return verdict_of(results);
  };
  CHECK_FALSE(diverged(1).has_diverged());
  CHECK(diverged(2).has_diverged());
  CHECK(diverged(2).dense_never_improved == 2);
  SearchResults imported;
  LevelSummary untrained = summary(1, 0.4);
  untrained.steps = untrained.early_stop_step = 0;
  imported.add({0, "ticket", 0, 0}, untrained);
  CHECK_FALSE(verdict_of(imported).has_diverged());
}

TEST_CASE("The cost of a search is that of all its trainings", "[analysis]") {
  SearchResults results;
  LevelSummary level = summary(1, 0.9);
  level.cost.wall_seconds = 2;
  level.cost.flops = 30;
  level.cost.dense_flops = 40;
  results.add({0, "ticket", 0, 0}, level);
  level.level = 1;
  results.add({0, "ticket", 0, 1}, level);
  results.add({0, "random-mask", 1, 1}, level);
  CHECK(results.trainings() == 3);
  CHECK(results.cost().wall_seconds == 6);
  CHECK(results.cost().flops == 90);
  CHECK(results.cost().dense_flops == 120);
}

TEST_CASE("Without a matching level there is no winning ticket", "[analysis]") {
  CHECK_FALSE(verdict_of(found({0.98, 0.9}, {})).ticket.sparsest);
}
