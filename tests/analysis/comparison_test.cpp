#include "ltlab/analysis/comparison.h"

#include <catch2/catch.hpp>
#include <cmath>

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
  CHECK(base.early_stop_step.values.at(2) == 12);
  CHECK(worse.against_base->pairs == 3);
  CHECK(worse.against_base->mean_difference == Approx(-0.02));
  // The same network: no difference, and nothing to test.
  CHECK(comparison.densities[0].results[1]->against_base->mean_difference == 0);
  CHECK(std::isnan(comparison.densities[0].results[1]->against_base->corrected_p));
  CHECK(comparison.sparsest_common == 0.125);
  CHECK(comparison.variants[1].area_against_base->mean_difference < 0);
}

TEST_CASE("The variants' verdicts are of their own dense networks", "[analysis]") {
  const std::vector<RecordedRun> runs = {run_of("imp", 0), run_of("worse", -0.03)};
  ComparisonOptions options;
  options.margin = 0.02;
  const Comparison comparison = compare(runs, options);
  // Dense 0.951 +- 0.001: level 1 (0.961) matches, level 2 (0.946) does not, but is less than two points
  // below.
  CHECK(comparison.variants[0].required_accuracy == Approx(0.95));
  CHECK(comparison.variants[0].sparsest_matching == 1);
  CHECK(comparison.variants[0].sparsest_equivalent == 2);
  CHECK(comparison.variants[0].sparsest_not_worse == 2);
  CHECK_FALSE(comparison.variants[1].sparsest_matching);
  CHECK_FALSE(comparison.densities[0].results[0]->with_dense);
  CHECK(comparison.densities[2].results[0]->with_dense->mean_difference == Approx(-0.005));
}

TEST_CASE("What is better than equivalent is not worse", "[analysis]") {
  RecordedRun better = run_of("better", 0.03);
  const Comparison comparison = compare({better, run_of("imp", 0)}, {});
  CHECK_FALSE(comparison.variants[0].sparsest_equivalent);
  CHECK(comparison.variants[0].sparsest_not_worse == 2);
}

TEST_CASE("Holm's correction counts the tests of all variants and densities", "[analysis]") {
  const std::vector<RecordedRun> runs = {run_of("imp", 0), run_of("a", -0.01), run_of("b", -0.02)};
  RecordedRun noisy = runs[1];
  for (RecordedTraining& training : noisy.trainings) {
    if (training.summary.level > 0)
      training.summary.test_accuracy += 0.003 * static_cast<double>(training.seed);
  }
  const Comparison comparison = compare({runs[0], noisy, runs[2]}, {});
  std::vector<double> p_values, corrected;
  for (const ComparedDensity& density : comparison.densities) {
    for (const auto& result : density.results) {
      if (!result->against_base) continue;
      p_values.push_back(result->against_base->p);
      corrected.push_back(result->against_base->corrected_p);
    }
  }
  const std::vector<double> expected = holm_corrected(p_values);
  REQUIRE(corrected.size() == 8);
  for (std::size_t i = 2; i < corrected.size(); ++i) CHECK(corrected[i] == expected[i]);
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
  CHECK(comparison.sparsest_common == Approx(0.2));
  ComparisonOptions strict;
  strict.density_tolerance = 0.001;
  CHECK(compare({run_of("imp", 0), other}, strict).densities.size() == 6);
}

TEST_CASE("Only the densities that are asked for are compared, with the costs and areas of all",
          "[analysis]") {
  const std::vector<RecordedRun> runs = {run_of("imp", 0), run_of("worse", -0.02)};
  const Comparison all = compare(runs, {});
  ComparisonOptions options;
  options.densities = {0.252};
  const Comparison one = compare(runs, options);
  REQUIRE(one.densities.size() == 2);
  CHECK(one.densities[0].density == 1);
  CHECK(one.densities[1].results[1]->flops == all.densities[2].results[1]->flops);
  CHECK(one.densities[1].results[1]->against_base->corrected_p ==
        one.densities[1].results[1]->against_base->p);
  CHECK(one.variants[1].area->values == all.variants[1].area->values);
  options.densities = {0.3};
  CHECK_THROWS_WITH(compare(runs, options), Contains("none of the runs has a network of density 0.3"));
}

TEST_CASE("Equivalence with the base is tested but where the networks are the same", "[analysis]") {
  const Comparison comparison = compare({run_of("imp", 0), run_of("alike", -0.001)}, {});
  CHECK_FALSE(comparison.densities[0].results[1]->with_base);
  CHECK_FALSE(comparison.densities[1].results[0]->with_base);
  CHECK(comparison.densities[1].results[1]->with_base->corrected_p < kSignificance);
  CHECK(comparison.densities[1].results[1]->with_base->mean_difference == Approx(-0.001));
}

TEST_CASE("A budget of FLOPs is told by the dense network's steps", "[analysis]") {
  RecordedRun flops = run_of("flops", 0, "budget = flops\n"), other = run_of("other", 0, "budget = flops\n");
  for (RecordedTraining& training : flops.trainings) training.summary.steps += 50 * training.summary.level;
  CHECK(disagreements({flops, other}).empty());
  CHECK(disagreements({flops, run_of("steps", 0)}) ==
        std::vector<std::string>{"budget: flops in 'flops', steps in 'steps'"});
}

TEST_CASE("Without seeds in common there are means but no tests", "[analysis]") {
  RecordedRun other = run_of("other", 0);
  for (RecordedTraining& training : other.trainings) training.seed += 2;
  const Comparison comparison = compare({run_of("imp", 0), other}, {});
  CHECK(comparison.densities[1].results[1]->test_accuracy.values.size() == 3);
  CHECK_FALSE(comparison.densities[1].results[1]->against_base);
  CHECK(comparison.densities[1].results[1]->with_dense);
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
