#include "ltlab/analysis/comparison.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/analysis/families.h"
#include "ltlab/analysis/tuning.h"
#include "ltlab/base/error.h"

using namespace ltlab;
using Catch::Contains;

namespace {

RecordedTraining training(std::uint64_t seed, const std::string& branch, unsigned level, double density,
                          double accuracy, double flops) {
  RecordedTraining result{seed, branch, 0, {}};
  LevelSummary& summary = result.summary;
  summary.level = level;
  summary.density = density;
  summary.steps = 100;
  summary.test_accuracy = accuracy;
  summary.early_stop_test_accuracy = accuracy - 0.01;
  summary.early_stop_step = 10 * level + seed;
  summary.cost.flops = flops;
  summary.validation_accuracy = accuracy;
  summary.order_sha256 = "order of seed " + std::to_string(seed);
  return result;
}

// Three seeds, the dense network and three levels of half the density each; FLOPs 1000, 500, 250, 125.
RecordedRun run_of(const std::string& name, double shift, const std::string& lines = "") {
  RecordedRun run;
  run.name = name;
  run.config = "validation = 50\ndata-seed = 0\nbatch = 20\n" + lines;
  run.model = "mlp:784-20-10";
  run.dataset = "embedded";
  run.dataset_fingerprint = "0123456789abcdef";
  const double accuracies[] = {0.95, 0.96, 0.945, 0.9};
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    for (unsigned level = 0; level < 4; ++level) {
      const double part = std::pow(0.5, level), noise = 0.001 * static_cast<double>((seed * 2 + level) % 3);
      run.trainings.push_back(training(seed, "ticket", level, part,
                                       accuracies[level] + noise + (level > 0 ? shift : 0), 1000 * part));
    }
  }
  return run;
}

void add_control(RecordedRun& run, const std::string& branch) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    for (unsigned level = 1; level < 4; ++level)
      run.trainings.push_back(training(seed, branch, level, std::pow(0.5, level),
                                       0.9 - 0.02 * level + 0.001 * static_cast<double>(seed), 100));
  }
}

const VariantNetwork& network(const Variant& variant, unsigned level) {
  return variant.levels.at(level).at(1);
}

}  // namespace

TEST_CASE("What a network costs follows from when it is pruned", "[analysis]") {
  SECTION("after training: all levels before") {
    const Variant imp = variants_of(run_of("imp", 0)).front();
    CHECK(network(imp, 0).flops == 1000);
    CHECK(network(imp, 2).flops == 1750);
    CHECK(network(imp, 2).relative_flops == 1.75);
  }
  SECTION("in one shot: the dense network's") {
    const Variant one_shot = variants_of(run_of("a", 0, "prune = one-shot\n")).front();
    CHECK(network(one_shot, 1).flops == 1500);
    CHECK(network(one_shot, 3).flops == 1125);
  }
  SECTION("before or during training: its own, and the dense steps up to where it was rewound") {
    RecordedRun run = run_of("a", 0, "prune = before-training\n");
    CHECK(network(variants_of(run).front(), 3).flops == 125);
    for (RecordedTraining& training : run.trainings)
      training.summary.first_step = training.summary.level > 0 ? 10 : 0;
    CHECK(network(variants_of(run).front(), 3).flops == 225);
    CHECK(network(variants_of(run).front(), 0).flops == 1000);
  }
  SECTION("controls: the mask's, unless it was drawn") {
    RecordedRun run = run_of("a", 0);
    add_control(run, "random-mask");
    add_control(run, "random-reinit");
    const std::vector<Variant> variants = variants_of(run);
    REQUIRE(variants.size() == 3);
    CHECK(variants[1].name == "a/random-mask");
    CHECK(network(variants[1], 2).flops == 100);
    CHECK(variants[2].name == "a/random-reinit");
    CHECK(network(variants[2], 2).flops == 1600);
    CHECK(network(variants[2], 0).flops == 1000);
  }
  SECTION("a saved mask: what is trained here") {
    CHECK(network(variants_of(run_of("a", 0, "from = /runs/imp\n")).front(), 3).flops == 125);
  }
  SECTION("each takes its seed's pretraining") {
    RecordedRun run = run_of("a", 0);
    for (std::uint64_t seed = 0; seed < 3; ++seed)
      run.trainings.push_back(training(seed, "pretraining", 0, 1, 0.1, 7));
    CHECK(network(variants_of(run).front(), 0).flops == 1007);
    CHECK(network(variants_of(run).front(), 1).flops == 1507);
  }
}

TEST_CASE("Trials are judged by validation images alone, and what they took is part of the cost",
          "[analysis]") {
  RecordedRun run = run_of("tuned", 0), worse = run_of("low", 0), better = run_of("high", 0);
  for (RecordedTraining& training : worse.trainings) training.summary.validation_accuracy = 0.8;
  for (RecordedTraining& training : better.trainings) {
    training.summary.validation_accuracy = training.summary.level == 0 ? 0.1 : 0.9;  // a pruned level counts
    training.summary.test_accuracy = 0.2;
  }
  CHECK(tuning_accuracy(better) == Approx(0.9));
  CHECK(best_trial({worse, better, better}) == 1);
  CHECK_THROWS_AS(best_trial({}), ConfigError);
  std::erase_if(better.trainings,
                [](const RecordedTraining& training) { return training.summary.level > 0; });
  CHECK(tuning_accuracy(better) == Approx(0.1));

  run.trials = {worse, run_of("other", 0, "prune = one-shot\n")};
  const Variant tuned = variants_of(run).front();
  CHECK(network(tuned, 0).flops == 1000 + 3 * 1000 + 3 * 1000);
  CHECK(network(tuned, 2).flops == 1750 + 3 * 1750 + 3 * 1250);
  const Comparison comparison = compare({run, run_of("plain", 0)}, {});
  CHECK(comparison.dense_flops == 1000);
  CHECK(comparison.densities[2].results[0]->relative_flops == Approx(10.75));
  CHECK(comparison.densities[2].results[1]->relative_flops == Approx(1.75));
}

TEST_CASE("A dense network that trains longer is compared, at its own cost", "[analysis]") {
  RecordedRun longer = run_of("long", 0, "dense-steps = 400\n");
  std::erase_if(longer.trainings,
                [](const RecordedTraining& training) { return training.summary.level > 0; });
  for (RecordedTraining& training : longer.trainings) {
    training.summary.steps *= 4;
    training.summary.cost.flops *= 4;
  }
  const Comparison comparison = compare({run_of("base", 0), longer}, {});
  CHECK(comparison.densities[0].results[1]->relative_flops == Approx(4));
  CHECK(compare({longer, run_of("base", 0)}, {}).ground.contains("steps"));
}

TEST_CASE("A level without those it was made from has no cost", "[analysis]") {
  RecordedRun run = run_of("imp", 0);
  std::erase_if(run.trainings, [](const RecordedTraining& t) { return t.seed == 2 && t.summary.level == 1; });
  CHECK_THROWS_WITH(variants_of(run), Contains("lacks level 1 of seed 2"));
}

TEST_CASE("Trials of a control are averaged, so that a seed counts once", "[analysis]") {
  RecordedRun run = run_of("imp", 0);
  for (std::uint64_t trial = 0; trial < 2; ++trial) {
    run.trainings.push_back(
        training(1, "random-reinit", 1, 0.5, 0.8 + 0.1 * static_cast<double>(trial), 100));
    run.trainings.back().trial = trial;
  }
  CHECK(network(variants_of(run)[1], 1).test_accuracy == Approx(0.85));
}

TEST_CASE("Variants are compared with the base by seed at equal densities", "[analysis]") {
  const std::vector<RecordedRun> runs = {run_of("imp", 0), run_of("worse", -0.02)};
  const Comparison comparison = compare(runs, {});
  REQUIRE(comparison.variants.size() == 2);
  REQUIRE(comparison.densities.size() == 4);
  const DensityResult& base = *comparison.densities[1].results[0];
  const DensityResult& worse = *comparison.densities[1].results[1];
  CHECK_FALSE(base.against_base);
  CHECK(base.test_accuracy.statistics.mean == Approx(0.961));
  CHECK(base.early_stop_step->sample.at(2).value == 12);
  CHECK(worse.against_base->test.size == 3);
  CHECK(worse.against_base->test.estimate == Approx(-0.02));
  // The same network: no difference, and nothing to test.
  CHECK(comparison.densities[0].results[1]->against_base->same);
  CHECK(std::isnan(comparison.densities[0].results[1]->against_base->corrected_p));
  CHECK(comparison.variants[1].area_against_base->test.estimate < 0);
}

TEST_CASE("A test is paired only where networks of a seed saw the same order of images", "[analysis]") {
  RecordedRun other = run_of("other", -0.02);
  const auto tested = [&] {
    const Comparison comparison = compare({run_of("imp", 0), other}, {});
    return comparison.densities[1].results[1]->against_base->test;
  };
  CHECK(tested().second_size == 0);
  SECTION("in other orders") {
    for (RecordedTraining& training : other.trainings) training.summary.order_sha256 += "'s own";
    CHECK(tested().second_size == 3);
    CHECK(tested().estimate == Approx(-0.02));
  }
  SECTION("in orders that are not known") {
    for (RecordedTraining& training : other.trainings) training.summary.order_sha256.clear();
    CHECK(tested().second_size == 3);
  }
  SECTION("in one other order among the seeds") {
    other.trainings[1].summary.order_sha256 = "another";
    CHECK(tested().second_size == 3);
  }
  SECTION("with other seeds") {
    for (RecordedTraining& training : other.trainings) training.seed += 2;
    CHECK(tested().second_size == 3);
  }
}

TEST_CASE("Matching levels of a variant are those up to the first that is not", "[analysis]") {
  RecordedRun run = run_of("imp", 0);
  const Comparison comparison = compare({run, run_of("worse", -0.03)}, {});
  // Dense 0.951; level 1 has 0.961; level 2 with 0.946 is half a point below, level 3 five points.
  REQUIRE(comparison.variants[0].matching.sparsest);
  CHECK(*comparison.variants[0].matching.sparsest == 0);
  CHECK_FALSE(comparison.variants[0].matching.ended_first);
  CHECK(comparison.variants[0].matching_test_accuracy->statistics.mean == Approx(0.961));
  CHECK(comparison.variants[0].matching_relative_flops == Approx(1.5));
  CHECK_FALSE(comparison.variants[1].matching.sparsest);
  // A level that matches again, below one that does not, counts by no test.
  for (RecordedTraining& training : run.trainings) {
    if (training.summary.level == 3)
      training.summary.test_accuracy = training.summary.validation_accuracy = 0.96;
  }
  const Comparison again = compare({run, run_of("worse", -0.03)}, {});
  CHECK(*again.variants[0].matching.sparsest == 0);
  ComparisonOptions of_papers;
  of_papers.criterion = Criterion::one_deviation;
  CHECK(*compare({run, run_of("worse", -0.03)}, of_papers).variants[0].matching.sparsest == 2);
}

TEST_CASE("Each variant's tests are a family, and all tests are told as one, too", "[analysis]") {
  RecordedRun noisy = run_of("a", -0.01);
  for (RecordedTraining& training : noisy.trainings) {
    if (training.summary.level > 0)
      training.summary.test_accuracy += 0.003 * static_cast<double>(training.seed);
  }
  const Comparison comparison = compare({run_of("imp", 0), noisy, run_of("b", -0.02)}, {});
  std::vector<double> all, of_all;
  for (const std::size_t v : {1, 2}) {
    std::vector<double> family, corrected, not_worse, sequence;
    for (const std::size_t d : {1, 2, 3}) {
      const Difference& difference = *comparison.densities[d].results[v]->against_base;
      family.push_back(difference.test.p());
      corrected.push_back(difference.corrected_p);
      not_worse.push_back(non_inferiority_p(difference.test, 0.005));
      sequence.push_back(difference.not_worse_p);
      of_all.push_back(difference.corrected_p_of_all);
    }
    CHECK(corrected == holm_corrected(family));
    CHECK(sequence == fixed_sequence_corrected(not_worse));
    all.insert(all.end(), family.begin(), family.end());
  }
  CHECK(of_all == holm_corrected(all));
}

TEST_CASE("All pairs are tested where asked for", "[analysis]") {
  ComparisonOptions options;
  CHECK(compare({run_of("imp", 0), run_of("a", -0.01)}, options).pairs.empty());
  options.pairs = true;
  const Comparison comparison = compare({run_of("imp", 0), run_of("a", -0.01), run_of("b", -0.02)}, options);
  REQUIRE(comparison.pairs.size() == 3 * 4);
  const auto pair = std::ranges::find_if(
      comparison.pairs, [](const ComparedPair& one) { return one.a == 1 && one.b == 2 && one.density == 1; });
  CHECK(pair->difference.test.estimate == Approx(0.01));
}

TEST_CASE("Only the same density is compared, and what has no partner stands alone", "[analysis]") {
  RecordedRun other = run_of("other", 0);
  for (RecordedTraining& training : other.trainings) {
    if (training.summary.level == 1) training.summary.density = 0.505;
    if (training.summary.level == 3) training.summary.density = 0.2;
  }
  const Comparison comparison = compare({run_of("imp", 0), other}, {});
  REQUIRE(comparison.densities.size() == 5);
  CHECK(comparison.densities[1].results[1]->density == Approx(0.505));
  CHECK(comparison.densities[1].results[1]->against_base);
  CHECK(comparison.densities[3].density == Approx(0.2));
  CHECK_FALSE(comparison.densities[3].results[0]);
  CHECK_FALSE(comparison.densities[3].results[1]->against_base);
  CHECK(comparison.grid == std::vector<std::size_t>{0, 1, 2});
  ComparisonOptions strict;
  strict.density_tolerance = 0.001;
  CHECK(compare({run_of("imp", 0), other}, strict).densities.size() == 6);
}

TEST_CASE("Only the densities that are asked for are compared, with the costs of all", "[analysis]") {
  const std::vector<RecordedRun> runs = {run_of("imp", 0), run_of("worse", -0.02)};
  const Comparison all = compare(runs, {});
  ComparisonOptions options;
  options.densities = {0.252};
  const Comparison one = compare(runs, options);
  REQUIRE(one.densities.size() == 2);
  CHECK(one.densities[0].density == 1);
  CHECK(one.densities[1].results[1]->flops == all.densities[2].results[1]->flops);
  CHECK(one.densities[1].results[1]->against_base->corrected_p ==
        one.densities[1].results[1]->against_base->test.p());
  CHECK(one.grid == std::vector<std::size_t>{0, 1});
  CHECK(one.variants[1].matching.levels.size() == 3);
  options.densities = {0.3};
  CHECK_THROWS_WITH(compare(runs, options), Contains("none of the runs has a network of density 0.3"));
}

TEST_CASE("Equivalence with the base is tested but where the networks are the same", "[analysis]") {
  const Comparison comparison = compare({run_of("imp", 0), run_of("alike", -0.001)}, {});
  CHECK(std::isnan(comparison.densities[0].results[1]->against_base->equivalent_p));
  CHECK(comparison.densities[1].results[1]->against_base->is_equivalent());
  CHECK(comparison.densities[1].results[1]->against_base->test.estimate == Approx(-0.001));
}

TEST_CASE("Areas are taken on the densities that all variants have, or not at all", "[analysis]") {
  RecordedRun few = run_of("few", 0), other = run_of("other", 0);
  std::erase_if(few.trainings, [](const RecordedTraining& t) { return t.summary.level == 1; });
  for (RecordedTraining& training : few.trainings)
    training.summary.level -= training.summary.level > 0 ? 1 : 0;
  const Comparison comparison = compare({run_of("imp", 0), few}, {});
  REQUIRE(comparison.grid == std::vector<std::size_t>{0, 2, 3});
  // The base's own level at 50 %, which the other lacks, does not count.
  CHECK(comparison.variants[0].area->statistics.mean == Approx(comparison.variants[1].area->statistics.mean));
  for (RecordedTraining& training : other.trainings) {
    if (training.summary.level > 0) training.summary.density *= 0.9;
  }
  const Comparison apart = compare({run_of("imp", 0), other}, {});
  CHECK(apart.grid.size() == 1);
  CHECK_FALSE(apart.variants[0].area);
}

TEST_CASE("A budget of FLOPs is told by the dense network's steps", "[analysis]") {
  RecordedRun flops = run_of("flops", 0, "budget = flops\n"), other = run_of("other", 0, "budget = flops\n");
  for (RecordedTraining& training : flops.trainings) training.summary.steps += 50 * training.summary.level;
  CHECK(disagreements({flops, other}).empty());
  CHECK(disagreements({flops, run_of("steps", 0)}) ==
        std::vector<std::string>{"budget: flops in 'flops', steps in 'steps'"});
}

TEST_CASE("Runs that differ in data, model or budget are not compared unasked", "[analysis]") {
  RecordedRun other = run_of("other", 0);
  other.model = "lenet-300-100";
  for (RecordedTraining& training : other.trainings) training.summary.steps = 200;
  CHECK_THROWS_WITH(compare({run_of("imp", 0), other}, {}),
                    Contains("model: mlp:784-20-10 in 'imp', lenet-300-100 in 'other'") &&
                        Contains("steps: 100 in") && Contains("--allow-different"));
  ComparisonOptions allowing;
  allowing.allow_different = true;
  CHECK(compare({run_of("imp", 0), other}, allowing).differing.size() == 2);
  RecordedRun data = run_of("data", 0);
  data.dataset_fingerprint = "fedcba9876543210";
  CHECK_THROWS_AS(compare({run_of("imp", 0), data}, {}), ConfigError);
  CHECK_NOTHROW(compare({run_of("imp", 0), run_of("other", 0, "scope = global\n")}, {}));
}

TEST_CASE("Steps are told as they were counted at all levels", "[analysis]") {
  RecordedRun scaled = run_of("scaled", 0);
  for (RecordedTraining& training : scaled.trainings) training.summary.steps += 50 * training.summary.level;
  CHECK(disagreements({run_of("imp", 0), scaled}) ==
        std::vector<std::string>{"steps: 100 in 'imp', 100 to 250 in 'scaled'"});
}

TEST_CASE("There must be two variants, of different names", "[analysis]") {
  CHECK_THROWS_WITH(compare({run_of("imp", 0)}, {}), Contains("nothing to compare 'imp' with"));
  CHECK_THROWS_WITH(compare({run_of("imp", 0), run_of("imp", 0)}, {}), Contains("NAME=RUN"));
  RecordedRun with_control = run_of("imp", 0);
  add_control(with_control, "random-mask");
  CHECK(compare({with_control}, {}).variants.size() == 2);
}

TEST_CASE("The Pareto front of a comparison leaves out what costs more for less", "[analysis]") {
  const Comparison comparison =
      compare({run_of("imp", 0), run_of("before", 0, "prune = before-training\n")}, {});
  std::vector<std::pair<std::size_t, std::size_t>> front;
  for (const FrontPoint& point : comparison.front) front.emplace_back(point.variant, point.density);
  // imp is never on it: before-training has the same accuracies for less.
  CHECK(front == std::vector<std::pair<std::size_t, std::size_t>>{{1, 3}, {1, 2}, {1, 1}});
}
