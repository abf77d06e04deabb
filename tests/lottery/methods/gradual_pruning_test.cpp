#include "ltlab/lottery/methods/gradual_pruning.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/config/check.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

SearchConfig gradual_config() {
  SearchConfig config = small_config();
  config.prune = PruningTime::during_training;
  config.densities = {0.3, 0.1};
  config.prune_every = 5;
  return config;
}

std::size_t survivors_at(GradualCourse course, std::uint64_t step) {
  SearchConfig config;
  config.gradual_course = course;
  const GradualPruning pruning(
      {config, {PruningGroup{{0}, 10000, 0.2, 2000}}, {100, 300, 50}, {}, 0, small_data().dataset});
  return pruning.plan_at(step)[0].survivors;
}

// Level `level` of a gradual search, trained step by step with a network and a trainer alone.
std::vector<Tensor> retrace(const SearchConfig& config, const std::vector<Tensor>& initial, unsigned level) {
  Network<float> network = make_network<float>(config.model, {1, 28, 28}, 10, config.training.batch);
  network.assign(initial);
  Trainer trainer(network, small_data(), config.training, 0, level, 0);
  std::vector<Mask> masks{full_mask("fc1.weight", {20, 784}), full_mask("fc2.weight", {10, 20})};
  const std::vector<PruningGroup> plan = plan_level(config, masks, level);
  for (const std::uint64_t change : {15, 20, 25, 30}) {
    while (trainer.step() < change) trainer.advance();
    const double left = std::pow(1 - (static_cast<double>(change) - 10) / 20, 3);
    for (std::size_t l = 0; l < masks.size(); ++l) {
      const auto pruned = static_cast<double>(plan[l].weights - plan[l].survivors);
      const auto survivors = plan[l].weights - static_cast<std::size_t>(std::llround((1 - left) * pruned));
      std::vector<double> magnitudes;
      const std::vector<Tensor> tensors = network.tensors();
      for (const float weight : find_named(tensors, masks[l].name)->values)
        magnitudes.push_back(std::abs(static_cast<double>(weight)));
      masks[l] = prune_by_score({{masks[l], magnitudes}}, {{{0}, survivors}}, {})[0];
      CHECK(masks[l].survivors() == survivors);
    }
    trainer.apply(masks);
    network.choose_kernels(KernelPolicy::sparse);
  }
  while (!trainer.finished()) trainer.advance();
  return network.tensors();
}

}  // namespace

TEST_CASE("Density falls by the cube of what is left of the way, or linearly", "[lottery]") {
  for (const GradualCourse course : {GradualCourse::cubic, GradualCourse::linear}) {
    CHECK(survivors_at(course, 100) == 10000);
    CHECK(survivors_at(course, 300) == 2000);
    CHECK(survivors_at(course, 500) == 2000);
  }
  CHECK(survivors_at(GradualCourse::cubic, 200) == 2000 + 8000 / 8);
  CHECK(survivors_at(GradualCourse::cubic, 150) == 2000 + 8000 * 27 / 64);
  CHECK(survivors_at(GradualCourse::linear, 200) == 6000);
}

TEST_CASE("Masks change every so often after the beginning, and at the end", "[lottery]") {
  const SearchConfig config;
  const GradualPruning pruning({config, {}, {100, 260, 50}, {}, 0, small_data().dataset});
  std::vector<std::uint64_t> changes;
  for (std::uint64_t step = 0; step < 500; ++step) {
    if (pruning.changes_at(step)) changes.push_back(step);
  }
  CHECK(changes == std::vector<std::uint64_t>{150, 200, 250, 260});
}

TEST_CASE("A level of so few steps that its changes fall together is pruned all the same", "[lottery]") {
  SearchConfig config = gradual_config();
  config.prune = GENERATE(PruningTime::during_training, PruningTime::early_bird);
  config.prune_begin = 16;
  config.prune_end = 17;
  config.level_steps = {15};
  const TemporaryFolder folder;
  search(config, folder);
  const RunStore store(folder.path());
  CHECK(store.read_summary(1).density == Approx(0.3).margin(0.001));
  CHECK(store.read_summary(2).density == Approx(0.1).margin(0.001));
  CHECK(store.read_summary(1).mask_step == 7);  // 17 of 40 steps are between 6 and 7 of 15
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("A level is pruned from dense to its density while it trains", "[lottery][threads]") {
  const TemporaryFolder folder;
  const SearchConfig config = gradual_config();  // from step 10 to 30 of 40
  search(config, folder, 2);
  const RunStore store(folder.path());
  const std::vector<Tensor> initial = store.read_run().init_weights;
  for (unsigned number = 1; number <= 2; ++number) {
    const LevelRecord level = store.read_level(number);
    CHECK(level.density == Approx(config.densities[number - 1]).margin(1e-4));
    CHECK(level.mask_step == 30);
    CHECK(level.early_stop_step >= 30);
    check_same_weights(retrace(config, initial, number), level.weights);
    // Dense for 15 of 40 steps, and sparse to the end from 30 on.
    CHECK(level.cost.flops > (15 + 10 * level.density) / 40 * level.cost.dense_flops);
    CHECK(level.cost.flops < (15 + 25 * 0.8) / 40 * level.cost.dense_flops);
  }
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
  CHECK(find_named(store.read_level(1).masks, "fc1.weight")->survivors() ==
        plan_level(config, store.read_level(1).masks, 1)[0].survivors);
}

TEST_CASE("Scores that ask the network at each change are counted", "[lottery]") {
  const TemporaryFolder with, without;
  SearchConfig config = gradual_config();
  config.densities = {0.1};
  search(config, without);
  config.score = Score::snip;
  search(config, with);
  const LevelRecord level = RunStore(with.path()).read_level(1);
  const GradualPruning pruning(
      {config, plan_level(config, level.masks, 1), {10, 30, 5}, {}, 0, small_data().dataset});
  double flops = 0;
  for (const std::uint64_t step : {10, 15, 20, 25}) {  // the masks before each change
    const std::vector<PruningGroup> left = pruning.plan_at(step);
    flops += 100 * 2 * static_cast<double>(2 * left[0].survivors + 3 * left[1].survivors);
  }
  CHECK(level.cost.flops - RunStore(without.path()).read_level(1).cost.flops == Approx(flops));
}

TEST_CASE("A search interrupted in the midst of gradual pruning goes on to the same bits",
          "[lottery][threads]") {
  const TemporaryFolder whole, broken, automatic;
  SearchConfig config = gradual_config();
  config.controls = {Control::random_reinit};
  search(config, whole, 2);
  for (const unsigned level : {1u, 2u}) {
    Listener listener;
    listener.stop_at_level = level;
    CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
    const TrainingCheckpoint checkpoint = RunStore(broken.path()).read_checkpoint(level);
    CHECK(checkpoint.step == 20);
    CHECK(checkpoint.mask_step == 20);
    CHECK(density(checkpoint.masks) < 0.5);
  }
  search(config, broken);
  check_same_levels(RunStore(whole.path()), RunStore(broken.path()));
  for (const unsigned level : {1u, 2u}) {
    const LevelSummary a = RunStore(whole.path()).read_summary(level),
                       b = RunStore(broken.path()).read_summary(level);
    CHECK(a.cost.flops == b.cost.flops);
    CHECK(a.early_stop_validation_loss == b.early_stop_validation_loss);
  }
  CHECK_FALSE(has_faults(verify(broken.path(), pruning_rules())));

  // Measured kernels are told, and a resumed training replays them.
  config.kernel = KernelPolicy::automatic;
  config.controls.clear();
  Listener listener;
  listener.stop_at_level = 1;
  CHECK_THROWS_AS(run_search(config, small_data(), automatic.path(), 1, listener, listener.stop),
                  Interrupted);
  const std::vector<KernelChoice> chosen = RunStore(automatic.path()).read_checkpoint(1).kernels;
  CHECK(std::ranges::any_of(chosen, [](const KernelChoice& choice) { return choice.sparse_seconds > 0; }));
  search(config, automatic);
  CHECK_FALSE(has_faults(verify(automatic.path(), pruning_rules())));
}

TEST_CASE("What gradual pruning cannot do is refused with the option's name", "[lottery]") {
  const auto message = [](auto change) {
    SearchConfig config = gradual_config();
    change(config);
    try {
      check(config);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message([](SearchConfig&) {}).empty());
  CHECK_THAT(message([](SearchConfig& c) { c.rewind_step = 5; }), Catch::Contains("--rewind"));
  CHECK_THAT(message([](SearchConfig& c) { c.prune_every = 0; }), Catch::Contains("--prune-every"));
  CHECK_THAT(message([](SearchConfig& c) { c.prune_begin = 30; }), Catch::Contains("--prune-begin"));
  CHECK_THAT(message([](SearchConfig& c) { c.prune_end = 41; }), Catch::Contains("--prune-end"));
  CHECK_THAT(message([](SearchConfig& c) { c.retraining = Retraining::fine_tuning; }),
             Catch::Contains("--retrain"));
  SearchConfig config = gradual_config();
  config.prune_every = StepCount::parse("1ep");
  config.prune_end = StepCount::parse("2ep");
  CHECK_THAT(
      config_text(config),
      Catch::Contains("prune = during-training\ngradual = cubic\nprune-end = 2ep\nprune-every = 1ep\n"));
  config.training.steps = 80;
  CHECK(mask_changes(in_steps(config, 600, 600), 80).end == 60);
  CHECK(mask_changes(in_steps(config, 600, 600), 80).every == 30);
}
