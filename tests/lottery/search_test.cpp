#include "ltlab/lottery/search.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "ltlab/config/check.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

TEST_CASE("A search keeps the algorithm's promises", "[lottery][threads]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.controls = {Control::random_reinit, Control::random_mask};
  config.trials = 2;
  const Listener listener = search(config, folder, 2);
  CHECK(listener.trained == 4 + 3 * 2 * 2);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  for (unsigned level = 1; level <= 3; ++level) {
    const LevelRecord before = store.read_level(level - 1), now = store.read_level(level);
    CHECK(nested(now.masks, before.masks));
    CHECK(now.density == Approx(listener.densities[level]));
    const RunRecord reinit = RunStore(control_folder(folder.path(), Control::random_reinit, 1)).read_run();
    CHECK(reinit.branch == "random-reinit");
    const LevelRecord control =
        RunStore(control_folder(folder.path(), Control::random_reinit, 1)).read_level(level);
    CHECK(control.masks[0].keep == now.masks[0].keep);
    REQUIRE(control.initial_weights.size() == run.init_weights.size());
    CHECK(control.initial_weights[0].values != run.init_weights[0].values);
    const LevelRecord shuffled =
        RunStore(control_folder(folder.path(), Control::random_mask, 0)).read_level(level);
    CHECK(shuffled.masks[0].keep != now.masks[0].keep);
    CHECK(shuffled.masks[0].survivors() == now.masks[0].survivors());
  }
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("One worker or two, the weights are the same bits", "[lottery][threads]") {
  const TemporaryFolder one, two;
  SearchConfig config = small_config();
  config.replicates = 2;
  config.training.augmentation = GENERATE(Augmentation::none, Augmentation::crop_flip);
  search(config, one, 1);
  search(config, two, 2);
  for (const char* replicate : {"replicate-0", "replicate-1"}) {
    check_same_levels(RunStore(one.path() / replicate), RunStore(two.path() / replicate));
  }
  const LevelRecord a = RunStore(one.path() / "replicate-0").read_level(0),
                    b = RunStore(one.path() / "replicate-1").read_level(0);
  CHECK(a.weights[0].values != b.weights[0].values);
}

TEST_CASE("An interrupted search goes on from its checkpoint to the same bits", "[lottery]") {
  const TemporaryFolder whole, broken;
  SearchConfig config = small_config();
  config.rewind_step = GENERATE(0u, 15u);
  config.retraining = GENERATE(Retraining::weight_rewinding, Retraining::learning_rate_rewinding);
  config.training.augmentation = Augmentation::crop_flip;
  search(config, whole);
  for (const unsigned level : {0u, 2u}) {
    Listener listener;
    listener.stop_at_level = level;
    CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
    const RunStore store(broken.path());
    REQUIRE(store.has_checkpoint(level));
    CHECK(store.read_checkpoint(level).step == 20);
  }
  const Listener resumed = search(config, broken);
  CHECK(resumed.found == 2);
  CHECK(resumed.trained == 2);
  check_same_levels(RunStore(whole.path()), RunStore(broken.path()));
}

TEST_CASE("Steps may be told in epochs", "[lottery]") {
  const TemporaryFolder in_epochs, in_steps;
  SearchConfig config = falling_rate_config();
  config.training.steps = StepCount::parse("3ep");  // of 30 steps
  config.training.learning_rate.milestones = {StepCount::parse("1ep"), 70};
  config.rewind_step = StepCount::parse("1ep");
  check(config);
  search(config, in_epochs);
  CHECK_THAT(RunStore(in_epochs.path()).read_run().config, Catch::Contains("rewind = 1ep\n"));
  CHECK_THAT(RunStore(in_epochs.path()).read_run().config, Catch::Contains("milestones = 1ep,70\n"));
  CHECK(RunStore(in_epochs.path()).read_run().rewind_step == 30);
  config.training.steps = 90;
  config.training.learning_rate.milestones = {30, 70};
  config.rewind_step = 30;
  search(config, in_steps);
  check_same_levels(RunStore(in_epochs.path()), RunStore(in_steps.path()));
  config.rewind_step = StepCount::parse("3ep");
  CHECK_THROWS_WITH(search(config, in_steps), Catch::Contains("--rewind"));
}

TEST_CASE("One-shot pruning prunes the dense network to every density", "[lottery][threads]") {
  const TemporaryFolder folder, iterative;
  SearchConfig config = small_config();
  config.scope = GENERATE(PruningScope::layerwise, PruningScope::global);
  config.retraining = GENERATE(Retraining::weight_rewinding, Retraining::learning_rate_rewinding);
  search(config, iterative);
  config.prune = PruningTime::one_shot;
  const Listener listener = search(config, folder, 2);
  CHECK(listener.trained == 4);
  const RunStore store(folder.path());
  const LevelRecord dense = store.read_level(0);
  for (unsigned level = 1; level <= 3; ++level) {
    const LevelRecord once = store.read_level(level),
                      in_rounds = RunStore(iterative.path()).read_level(level);
    CHECK(once.density == in_rounds.density);
    for (const Mask& mask : once.masks) {
      const Tensor& weights = *find_named(dense.weights, mask.name);
      float smallest_kept = 1e9f, largest_pruned = 0;
      for (std::size_t i = 0; i < mask.size(); ++i) {
        float& extreme = mask.keep[i] ? smallest_kept : largest_pruned;
        const float magnitude = std::abs(weights.values[i]);
        extreme = mask.keep[i] ? std::min(extreme, magnitude) : std::max(extreme, magnitude);
      }
      CHECK(largest_pruned <= smallest_kept);
    }
    const bool rewinds = config.retraining == Retraining::weight_rewinding;
    RetracedTraining retraced{once.masks, rewinds ? store.read_run().init_weights : dense.weights,
                              dense.optimizer, config.training, level};
    check_same_weights(retraced.run(), once.weights);
  }
  const std::vector<FileReport> reports = verify(folder.path(), pruning_rules());
  CHECK_FALSE(has_faults(reports));
  CHECK_THAT(reports.back().summary, Catch::Contains("pruning recomputed"));
}

TEST_CASE("Pruning before training needs no trained weights", "[lottery][threads]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.prune = PruningTime::before_training;
  config.densities = {0.5, 0.2, 0.05};
  config.rewind_step = GENERATE(0u, 15u);
  config.controls = {Control::random_reinit, Control::random_mask};
  const Listener listener = search(config, folder, 2);
  CHECK(listener.trained == 4 + 3 * 2);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  const LevelRecord level = store.read_level(2);
  CHECK(level.density == Approx(0.2).margin(1e-4));
  RetracedTraining retraced{level.masks, run.rewind_weights, run.rewind_optimizer, config.training,
                            2,           config.rewind_step};
  check_same_weights(retraced.run(), level.weights);
  const Tensor& weights = *find_named(run.rewind_weights, "fc1.weight");
  const Mask full = full_mask("fc1.weight", weights.shape);
  const auto pruned = prune_by_score({{full, score_weights(Score::magnitude, {full, weights, weights})}},
                                     {{{0}, level.masks[0].survivors()}}, {});
  CHECK(pruned[0].keep == level.masks[0].keep);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));

  RunRecord other = run;
  find_weights(other.rewind_weights, "fc1.weight").values[0] += 10;
  CHECK_THAT(pruning_rules().check(other, nullptr, level).faults.at(0),
             Catch::Contains("mask/fc1.weight") && Catch::Contains("rewind step"));
  config.retraining = Retraining::learning_rate_rewinding;
  config.controls.clear();
  CHECK_THROWS_WITH(check(config), Catch::Contains("--prune before-training"));
}

TEST_CASE("Levels that wait for no other are the same bits, with one worker or two, interrupted or not",
          "[lottery][threads]") {
  const TemporaryFolder one, two, broken;
  SearchConfig config = small_config();
  config.prune = GENERATE(PruningTime::one_shot, PruningTime::before_training);
  search(config, one);
  search(config, two, 2);
  check_same_levels(RunStore(one.path()), RunStore(two.path()));
  Listener listener;
  listener.stop_at_level = 2;
  CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
  CHECK(RunStore(broken.path()).has_checkpoint(2));
  CHECK_FALSE(has_faults(verify(broken.path(), pruning_rules())));
  search(config, broken);
  check_same_levels(RunStore(one.path()), RunStore(broken.path()));
}

TEST_CASE("FLOPs are those of the surviving weights, whatever the kernels do", "[lottery]") {
  SearchConfig config = small_config();
  config.levels = 2;
  config.prune = GENERATE(PruningTime::after_training, PruningTime::before_training, PruningTime::rigl);
  if (config.prune == PruningTime::before_training) config.score = Score::synflow;
  if (config.prune == PruningTime::rigl) config.prune_every = 5;
  const TemporaryFolder dense, sparse, automatic;
  config.kernel = KernelPolicy::dense;
  search(config, dense);
  config.kernel = KernelPolicy::sparse;
  search(config, sparse);
  config.kernel = KernelPolicy::automatic;
  search(config, automatic);
  const auto cost = [](const TemporaryFolder& folder, unsigned level) {
    return RunStore(folder.path()).read_summary(level).cost;
  };
  for (const unsigned level : {0U, 1U, 2U}) {
    for (const TemporaryFolder* folder : {&dense, &automatic}) {
      CHECK(cost(*folder, level).flops == cost(sparse, level).flops);
      CHECK(cost(*folder, level).dense_flops == cost(sparse, level).dense_flops);
    }
    CHECK(cost(sparse, level).kernel_flops == cost(sparse, level).flops);
    CHECK(cost(automatic, level).kernel_flops >= cost(sparse, level).kernel_flops);
    CHECK(cost(automatic, level).kernel_flops <= cost(dense, level).kernel_flops);
    if (level > 0) CHECK(cost(dense, level).kernel_flops > cost(sparse, level).kernel_flops);
  }
  // Scores cost more than training, as far as they are asked.
  if (config.prune != PruningTime::before_training)
    CHECK(cost(dense, 2).kernel_flops == cost(dense, 2).dense_flops);
  CHECK_FALSE(has_faults(verify(dense.path(), pruning_rules())));
}

TEST_CASE("An ended search tells its cost, one under way or interrupted does not", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.replicates = 2;
  config.controls = {Control::random_mask};
  config.levels = 1;
  const RunStore top(folder.path()), ticket(folder.path() / "replicate-1");
  const RunStore control(control_folder(ticket.folder(), Control::random_mask, 0));
  search(config, folder);
  const RunTotals before = *top.read_collection().totals;
  CHECK(before.cost.flops < before.cost.dense_flops);
  CHECK(ticket.read_run().totals->cost.flops ==
        ticket.read_summary(0).cost.flops + ticket.read_summary(1).cost.flops);
  CHECK(control.read_run().totals->cost == control.read_summary(1).cost);

  const auto written = std::filesystem::last_write_time(ticket.run_path());
  search(config, folder);  // there is nothing to do
  CHECK(top.read_collection().totals == before);
  CHECK(std::filesystem::last_write_time(ticket.run_path()) == written);

  config.levels = 2;
  Listener listener;
  listener.stop_at_level = 2;
  CHECK_THROWS_AS(run_search(config, small_data(), folder.path(), 1, listener, listener.stop), Interrupted);
  CHECK_FALSE(top.read_collection().totals);
  CHECK_FALSE(ticket.read_run().totals);
  CHECK_FALSE(control.read_run().totals);
  CHECK_FALSE(has_faults(verify(folder.path())));

  search(config, folder);
  CHECK(top.read_collection().totals->cost.flops > before.cost.flops);
  CHECK(ticket.read_run().totals->finished_utc == ticket.read_summary(2).finished_utc);
  CHECK_FALSE(has_faults(verify(folder.path())));
}
