#include "ltlab/lottery/search.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <numbers>

#include "ltlab/base/error.h"
#include "ltlab/config/check.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/values.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/run_store.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// Momentum, and a learning rate that falls after the rewind point of the tests, 15.
SearchConfig falling_rate_config() {
  SearchConfig config = small_config();
  config.levels = 1;
  config.rewind_step = 15;
  config.training.optimizer.kind = OptimizerConfig::Kind::sgd;
  config.training.optimizer.momentum = 0.9;
  config.training.learning_rate.base = 0.1;
  config.training.learning_rate.shape = LearningRateSchedule::Shape::step;
  config.training.learning_rate.milestones = {20, 30};
  return config;
}

std::vector<double> learning_rates(const LevelRecord& level) {
  std::vector<double> rates;
  for (std::size_t i = 1; i < level.metrics.size(); ++i) rates.push_back(level.metrics[i].learning_rate);
  return rates;
}

// The small data with every two classes taken for one.
const TrainingData& five_classes() {
  static const TrainingData data = [] {
    Dataset dataset = load_dataset(small_config().data);
    for (std::uint8_t& label : dataset.train.labels) label /= 2;
    for (std::uint8_t& label : dataset.test.labels) label /= 2;
    dataset.classes = 5;
    dataset.fingerprint = "five classes";
    return TrainingData(std::move(dataset), small_layout());
  }();
  return data;
}

SearchConfig pretraining_config() {
  SearchConfig config = small_config();
  config.pretraining.steps = 40;
  config.training.steps = 15;
  config.levels = 1;
  return config;
}

Listener pretrain_and_search(const SearchConfig& config, const TemporaryFolder& folder) {
  Listener listener;
  run_search(config, small_data(), folder.path(), 1, listener, listener.stop, &five_classes());
  return listener;
}

Tensor& find_weights(std::vector<Tensor>& weights, const std::string& name) {
  return *std::ranges::find(weights, name, &Tensor::name);
}

}  // namespace

TEST_CASE("The plan follows the paper's ladder of densities", "[lottery]") {
  SearchConfig config;
  config.levels = 30;
  config.target_density = 0.02;
  const std::vector<double> densities = planned_densities(config, {1, 28, 28}, 10);
  REQUIRE(densities.size() == 19);  // 18 rounds, as the paper's figure 4 needs to come below 2 %
  CHECK(densities[0] == 1.0);
  CHECK(densities[3] == Approx(0.513).margin(0.0005));
  CHECK(densities[7] == Approx(0.211).margin(0.0005));
  CHECK(densities[15] == Approx(0.036).margin(0.0005));
  CHECK(densities[18] < 0.02);
  config.levels.reset();  // no limit but the target
  CHECK(planned_densities(config, {1, 28, 28}, 10) == densities);
  CHECK_THAT(extent_text(config), !Catch::Contains("levels"));
}

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

TEST_CASE("What scores cost is told once, however often a search is interrupted", "[lottery]") {
  const TemporaryFolder whole, broken;
  SearchConfig config = small_config();
  config.score = Score::fisher;
  config.score_images = 20;
  config.prune = GENERATE(PruningTime::after_training, PruningTime::early_bird);
  config.levels = 1;
  search(config, whole);
  Listener listener;
  listener.stop_at_level = 1;
  CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
  search(config, broken);
  const double flops = RunStore(whole.path()).read_summary(1).cost.flops;
  CHECK(RunStore(broken.path()).read_summary(1).cost.flops == flops);
  config.score = Score::magnitude;
  const TemporaryFolder without;
  search(config, without);
  CHECK(RunStore(without.path()).read_summary(1).cost.flops < flops);
}

TEST_CASE("Rewinding to step k starts from the weights and optimizer of step k", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.rate = 1e-9;  // prunes nothing, so the level must retrace the dense training from step 15 on
  config.rewind_step = 15;
  config.levels = 1;
  // A search that prunes nothing has no level 1; compare instead with the rewind point itself.
  search(config, folder);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  CHECK(store.levels() == std::vector<unsigned>{0});
  CHECK(run.rewind_step == 15);
  REQUIRE(run.rewind_weights.size() == run.init_weights.size());
  CHECK(run.rewind_weights[0].values != run.init_weights[0].values);
  REQUIRE_FALSE(run.rewind_optimizer.empty());
  CHECK(run.rewind_optimizer[0].name == "steps");
  CHECK(run.rewind_optimizer[0].values[0] == 15.0f);

  // Trained from the rewind point under the dense order, the network must reach level 0's weights exactly.
  Network<float> network = make_network<float>(config.model, {1, 28, 28}, 10, config.training.batch);
  network.assign(run.rewind_weights);
  Trainer trainer(network, small_data(), config.training, run.seed, 0, run.rewind_step);
  trainer.restore_optimizer(run.rewind_optimizer);
  while (!trainer.finished()) trainer.advance();
  const LevelRecord dense = store.read_level(0);
  for (std::size_t i = 0; i < dense.weights.size(); ++i)
    CHECK(network.tensors()[i].values == dense.weights[i].values);
}

TEST_CASE("Batch norm's statistics are rewound with the weights, or stay with them", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();
  config.model = "conv 2 stride 4; batch-norm relu; linear classes";
  config.training.learning_rate.base = 0.01;
  config.retraining = GENERATE(Retraining::weight_rewinding, Retraining::learning_rate_rewinding);
  const bool rewinds = config.retraining == Retraining::weight_rewinding;
  const ActivationShape layout = input_layout(config.model, {1, 28, 28}, 10, config.training.batch);
  const TrainingData data(load_dataset(config.data), layout);
  Listener listener;
  run_search(config, data, folder.path(), 1, listener, listener.stop);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  const LevelRecord dense = store.read_level(0), level = store.read_level(1);
  const Tensor* rewound = find_named(run.rewind_weights, "bn1.running_mean");
  REQUIRE(rewound);
  CHECK(rewound->values != find_named(dense.weights, "bn1.running_mean")->values);
  RetracedTraining retraced{level.masks,
                            rewinds ? run.rewind_weights : dense.weights,
                            rewinds ? run.rewind_optimizer : dense.optimizer,
                            config.training,
                            1,
                            15,
                            config.model,
                            &data};
  check_same_weights(retraced.run(), level.weights);
  find_weights(retraced.weights, "bn1.running_mean").values[0] += 1;
  CHECK(find_named(retraced.run(), "bn1.running_mean")->values !=
        find_named(level.weights, "bn1.running_mean")->values);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("Learning-rate rewinding goes on from the trained weights, with the schedule back at step k",
          "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();
  config.retraining = Retraining::learning_rate_rewinding;
  search(config, folder);
  const LevelRecord dense = RunStore(folder.path()).read_level(0),
                    level = RunStore(folder.path()).read_level(1);
  CHECK(level.first_step == 15);
  const std::vector<double> rates = learning_rates(level);
  REQUIRE(rates.size() == 3);  // of the steps before 20, 30 and 40
  CHECK(rates[0] == Approx(0.1));
  CHECK(rates[2] == Approx(0.001));
  RetracedTraining retraced{level.masks, dense.weights, dense.optimizer, config.training, 1, 15};
  check_same_weights(retraced.run(), level.weights);
  retraced.optimizer.clear();
  CHECK(retraced.run()[0].values != level.weights[0].values);
  // What the level began with is recorded, since run.h5 does not tell.
  for (std::size_t i = 0; i < level.masks[0].size(); ++i)
    REQUIRE(level.initial_weights[0].values[i] == (level.masks[0].keep[i] ? dense.weights[0].values[i] : 0));
}

TEST_CASE("Without retraining a level is what pruning leaves", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.retraining = Retraining::none;
  search(config, folder);
  const LevelRecord dense = RunStore(folder.path()).read_level(0),
                    level = RunStore(folder.path()).read_level(3);
  CHECK(level.density < 0.55);
  CHECK(level.first_step == 40);
  CHECK(level.cost.flops == 0);
  CHECK(level.weights[1].values == dense.weights[1].values);  // biases
  for (std::size_t i = 0; i < level.masks[0].size(); ++i)
    REQUIRE(level.weights[0].values[i] == (level.masks[0].keep[i] ? dense.weights[0].values[i] : 0));
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("With a budget of FLOPs a training costs what it would of the dense network from its first step on",
          "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();  // of 40 steps, rewound to 15
  config.budget = Budget::flops;
  config.controls = {Control::random_reinit, Control::random_mask};
  search(config, folder);
  const double dense = RunStore(folder.path()).read_level(0).cost.flops;
  const LevelRecord ticket = RunStore(folder.path()).read_level(1),
                    mask = RunStore(folder.path() / "random-mask-0").read_level(1),
                    reinit = RunStore(folder.path() / "random-reinit-0").read_level(1);
  CHECK(ticket.cost.flops == Approx(25.0 / 40 * dense).epsilon(0.03));
  CHECK(mask.steps == ticket.steps);
  CHECK(reinit.cost.flops == Approx(dense).epsilon(0.03));
  CHECK(ticket.metrics.size() - 1 ==
        Approx(25.0 / 40 * static_cast<double>(reinit.metrics.size() - 1)).margin(1));
  for (const LevelRecord* level : {&ticket, &reinit})
    CHECK(level->metrics.back().learning_rate == Approx(0.001));
}

TEST_CASE("Levels may be trained for other numbers of steps than the dense network", "[lottery]") {
  const TemporaryFolder folder, broken;
  SearchConfig config = falling_rate_config();
  config.training.learning_rate = {};
  config.training.learning_rate.shape = LearningRateSchedule::Shape::cosine;
  config.levels = 3;
  config.level_steps = {30, StepCount::parse("2ep")};  // of 30 steps each
  search(config, folder);
  const RunStore store(folder.path());
  for (const auto& [number, steps] : {std::pair(0u, 40u), {1u, 30u}, {2u, 60u}, {3u, 60u}}) {
    const LevelRecord level = store.read_level(number);
    CHECK(level.steps == steps);
    CHECK(level.metrics.back().step == steps);
    // The last step stands for so many of the dense network's last ones, where cosine has nearly fallen to 0.
    const double left = (40.0 - 15.0) / (static_cast<double>(steps) - 15.0);
    const double base = config.training.learning_rate.base;
    CHECK(level.metrics.back().learning_rate ==
          Approx(base * 0.5 * (1 - std::cos(std::numbers::pi * left / 40))));
  }
  CHECK_THAT(store.read_run().config, Catch::Contains("level-steps = 30,2ep\n"));
  Listener listener;
  listener.stop_at_level = 2;
  CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
  search(config, broken);
  check_same_levels(store, RunStore(broken.path()));
}

TEST_CASE("Fine-tuning goes on from the trained weights at the last learning rate", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();
  config.retraining = Retraining::fine_tuning;
  search(config, folder);
  const LevelRecord dense = RunStore(folder.path()).read_level(0),
                    level = RunStore(folder.path()).read_level(1);
  CHECK(level.first_step == 15);
  CHECK(learning_rates(dense).front() == Approx(0.1));
  for (const double rate : learning_rates(level)) CHECK(rate == Approx(0.001));
  RetracedTraining retraced{level.masks, dense.weights, dense.optimizer, config.training, 1, 15};
  retraced.training.learning_rate = {};
  retraced.training.learning_rate.base = config.training.learning_rate.rate(39);
  check_same_weights(retraced.run(), level.weights);
}

TEST_CASE("A retraining sees the images in its own order, or in that of the dense network", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();
  config.training.augmentation = Augmentation::crop_flip;
  config.retraining_order = GENERATE(RetrainingOrder::fresh, RetrainingOrder::original);
  search(config, folder);
  const RunRecord run = RunStore(folder.path()).read_run();
  const LevelRecord level = RunStore(folder.path()).read_level(1);
  RetracedTraining retraced{level.masks, run.rewind_weights, run.rewind_optimizer, config.training, 0, 15};
  retraced.order_level = config.retraining_order == RetrainingOrder::fresh ? 1 : 0;
  check_same_weights(retraced.run(), level.weights);
  retraced.order_level = 1 - retraced.order_level;
  CHECK(retraced.run()[0].values != level.weights[0].values);
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

TEST_CASE("The lottery starts from the weights that pretraining left, and a new output layer", "[lottery]") {
  const TemporaryFolder folder, drawn;
  const SearchConfig config = pretraining_config();
  const Listener listener = pretrain_and_search(config, folder);
  CHECK(listener.trained == 3);
  const RunStore store(folder.path()), pretraining(folder.path() / "pretraining");
  const RunRecord run = store.read_run(), before = pretraining.read_run();
  CHECK(run.init_origin == "pretraining/level-000.h5");
  CHECK(before.branch == "pretraining");
  CHECK(before.model == "mlp:784-20-5");
  CHECK(before.dataset_fingerprint == "five classes");
  const LevelRecord pretrained = pretraining.read_level(0);
  CHECK(pretrained.steps == 40);

  Network<float> network = make_network<float>(before.model, {1, 28, 28}, 5, 20);
  network.assign(before.init_weights);
  TrainingConfig training = config.training;
  training.steps = 40;
  Trainer trainer(network, five_classes(), training, run.seed, kPretrainingOrder, 0);
  while (!trainer.finished()) trainer.advance();
  check_same_weights(network.tensors(), pretrained.weights);

  SearchConfig without = config;
  without.pretraining = {};
  search(without, drawn);
  const std::vector<Tensor> own = RunStore(drawn.path()).read_run().init_weights;
  for (const Tensor& tensor : run.init_weights) {
    const bool output = tensor.name.starts_with("fc2");
    CHECK(tensor.values == find_named(output ? own : pretrained.weights, tensor.name)->values);
  }
  CHECK(find_named(run.init_weights, "fc1.weight")->values != find_named(own, "fc1.weight")->values);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("Cosine falls until the end of a pretraining that is longer than the search's training",
          "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = pretraining_config();
  config.training.validate_every = 10;
  config.training.learning_rate.shape = LearningRateSchedule::Shape::cosine;
  pretrain_and_search(config, folder);
  LearningRateSchedule schedule = config.training.learning_rate;
  const auto check_rates = [&](const LevelRecord& level) {
    schedule.total_steps = level.steps;
    for (const MetricsRow& row : level.metrics)
      if (row.step > 0) CHECK(row.learning_rate == schedule.rate(row.step - 1));
  };
  check_rates(RunStore(folder.path() / "pretraining").read_level(0));
  check_rates(RunStore(folder.path()).read_level(0));
}

TEST_CASE("A search interrupted while it pretrains goes on to the same bits", "[lottery]") {
  const TemporaryFolder whole, broken;
  SearchConfig config = pretraining_config();
  config.training.augmentation = Augmentation::crop_flip;
  pretrain_and_search(config, whole);
  Listener listener;
  listener.stop_at_level = 0;
  CHECK_THROWS_AS(
      run_search(config, small_data(), broken.path(), 1, listener, listener.stop, &five_classes()),
      Interrupted);
  const RunStore pretraining(broken.path() / "pretraining");
  REQUIRE(pretraining.has_checkpoint(0));
  CHECK(RunStore(broken.path()).read_run().init_weights.empty());
  CHECK_FALSE(has_faults(verify(broken.path(), pruning_rules())));
  pretrain_and_search(config, broken);
  check_same_levels(RunStore(whole.path() / "pretraining"), pretraining);
  check_same_levels(RunStore(whole.path()), RunStore(broken.path()));
}

TEST_CASE("Initial weights that pretraining did not leave are a fault", "[lottery]") {
  const TemporaryFolder folder;
  pretrain_and_search(pretraining_config(), folder);
  RunStore store(folder.path());
  RunRecord run = store.read_run();
  run.init_weights[0].values[3] += 1;
  store.write_run(run);
  const std::vector<FileReport> reports = verify(folder.path());
  REQUIRE(has_faults(reports));
  CHECK_THAT(reports[0].faults.at(0),
             Catch::Contains("init/") && Catch::Contains("pretraining/level-000.h5"));
}

TEST_CASE("Pretraining needs images as large as those of the search", "[lottery]") {
  const TemporaryFolder folder;
  const SearchConfig config = pretraining_config();
  CHECK_THROWS_WITH(search(config, folder), Catch::Contains("--pretrain needs the data"));
  Dataset small = small_data().dataset, large = small;
  large.train.shape = {3, 32, 32};
  CHECK_NOTHROW(check_pretraining(config, small, &small));
  CHECK_THROWS_WITH(check_pretraining(config, small, &large), Catch::Contains("3 x 32 x 32"));
}

TEST_CASE("Densities that the user gives are planned to the nearest weight", "[lottery]") {
  SearchConfig config = small_config();
  config.densities = {0.5, 0.1, 0.02};
  const double weights = 784 * 20 + 20 * 10;
  std::vector<double> planned = planned_densities(config, {1, 28, 28}, 10);
  REQUIRE(planned.size() == 4);
  for (std::size_t level = 1; level < 4; ++level)
    CHECK(planned[level] == Approx(config.densities[level - 1]).margin(1 / weights));
  // The output layer is pruned as if at half the rate of the other.
  const std::vector<PruningGroup> layers = plan_level(config, {{{20, 784}}, {{10, 20}, true}}, 2);
  const double rounds = std::log(static_cast<double>(layers[0].survivors) / 15680) / std::log(0.8);
  CHECK(static_cast<double>(layers[1].survivors) == Approx(200 * std::pow(0.9, rounds)).margin(0.51));
  config.scope = PruningScope::global;
  planned = planned_densities(config, {1, 28, 28}, 10);
  for (std::size_t level = 1; level < 4; ++level)
    CHECK(planned[level] == Approx(config.densities[level - 1]).margin(0.5 / weights));
  CHECK_THROWS_WITH(plan_level(config, {PrunableLayer{{20, 784}}}, 4), Catch::Contains("--densities"));
}

TEST_CASE("Densities must fall, and a resumed search may only add some", "[lottery]") {
  CHECK(parse_densities("0.5,0.25") == std::vector<double>{0.5, 0.25});
  for (const char* wrong : {"", "0.5,0.5", "1", "0", "-0.1", "0.2,0.5", "half", "0.5 0.2"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_densities(wrong), ConfigError);
  }
  SearchConfig config = small_config();
  config.densities = {0.5, 0.25};
  CHECK_THAT(config_text(config), !Catch::Contains("rate = 0.2"));
  CHECK(pruning_settings(config_text(config) + extent_text(config)).densities == config.densities);
  const TemporaryFolder folder;
  search(config, folder);
  config.densities = {0.5, 0.25, 0.1};
  const Listener extended = search(config, folder);
  CHECK(extended.found == 3);
  CHECK(extended.trained == 1);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
  config.densities = {0.5, 0.2, 0.1};
  CHECK_THROWS_WITH(search(config, folder), Catch::Contains("0.5,0.25,0.1"));
  config.densities = {0.5};
  CHECK_THROWS_WITH(search(config, folder), Catch::Contains("--densities"));
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

TEST_CASE("Convolutions are pruned at a rate of their own", "[lottery]") {
  SearchConfig config;
  config.model = "conv-2";
  config.convolution_rate = 0.1;
  config.output_rate = 0.1;
  config.levels = 1;
  // Figure 2 of the paper: 38 thousand weights in convolutions, 4.3 million in all.
  const double convolutions = 64 * 3 * 9 + 64 * 64 * 9, hidden = 16 * 16 * 64 * 256 + 256 * 256,
               output = 2560;
  const double kept = 0.9 * (convolutions + output) + 0.8 * hidden;
  CHECK(planned_densities(config, {3, 32, 32}, 10)[1] ==
        Approx(kept / (convolutions + hidden + output)).epsilon(1e-5));
  CHECK_THAT(config_text(config), Catch::Contains("convolution-rate = 0.1\n"));
  CHECK(pruning_settings(config_text(config)).convolution_rate == 0.1);
}

TEST_CASE("A search may be extended, and refuses other data", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.levels = 1;
  search(config, folder);
  config.levels = 2;
  config.controls = {Control::random_mask};
  const Listener extended = search(config, folder);
  CHECK(extended.found == 2);
  CHECK(extended.trained == 3);
  CHECK(RunStore(folder.path()).read_run().extent == extent_text(config));
  CHECK_FALSE(has_faults(verify(folder.path())));
  TrainingData other(load_dataset(small_config().data), small_layout());
  other.dataset.fingerprint = "another";
  Listener listener;
  CHECK_THROWS_AS(run_search(config, other, folder.path(), 1, listener, listener.stop), StoreError);
}

TEST_CASE("Masks that pruning does not give are a fault of their level and layer", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.scope = GENERATE(PruningScope::layerwise, PruningScope::global);
  config.rate = 0.3;
  config.output_rate = 0.1;
  config.rewind_step = 5;
  search(config, folder);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));

  // The last level keeps another weight of fc2 than it should: as dense, nested, and zero where masked.
  RunStore store(folder.path());
  const LevelRecord before = store.read_level(2);
  LevelRecord level = store.read_level(3);
  std::vector<std::uint8_t>& keep = level.masks[1].keep;
  for (const bool kept : {true, false}) {
    const auto wanted = [&](std::size_t i) { return before.masks[1].keep[i] == 1 && keep[i] == kept; };
    std::size_t i = kept ? 0 : keep.size() - 1;
    while (!wanted(i)) kept ? ++i : --i;
    keep[i] ^= 1;
    find_weights(level.weights, level.masks[1].name).values[i] = 0;
  }
  store.write_level(level);
  CHECK_FALSE(has_faults(verify(folder.path())));
  const std::vector<FileReport> reports = verify(folder.path(), pruning_rules());
  REQUIRE(reports.size() == 5);
  CHECK(reports[4].path == store.level_path(3));
  CHECK(reports[4].faults ==
        std::vector<std::string>{
            "mask/fc2.weight: 2 weights are not as pruning the weights of level 2 gives them"});

  RunRecord run = store.read_run();
  const LevelRecord dense = store.read_level(0);
  CHECK(pruning_rules().check(run, &dense, store.read_level(1)).faults.empty());
  run.config.replace(run.config.find("rate = 0.3"), 10, "rate = 0.2");
  CHECK_THAT(pruning_rules().check(run, &dense, store.read_level(1)).faults.at(0),
             Catch::Contains("mask/fc1.weight"));
  CHECK_THROWS_WITH(pruning_settings("model = mlp:784-20-10\n"), Catch::Contains("'rate'"));
  CHECK_THROWS_WITH(pruning_settings("model = mlp:784-20-10\nrate = x\n"), Catch::Contains("'x'"));
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

// As a process leaves it that is killed once its level, or its member, is written.
void drop_links(const RunStore& store) {
  const FolderLock lock(store.folder());
  write_atomically(lock, store.run_path().filename(), with_links(store.run_path(), {}));
}

TEST_CASE("Links that a killed search did not write are mended, of an ended search too", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.replicates = 2;
  config.controls = {Control::random_mask};
  config.levels = 1;
  search(config, folder);
  const RunStore top(folder.path()), ticket(folder.path() / "replicate-1");
  const RunStore control(control_folder(ticket.folder(), Control::random_mask, 0));
  const auto drop_all = [&] {
    for (const RunStore& store : {top, ticket, control}) {
      drop_links(store);
      REQUIRE(read_links(store.run_path()).empty());
    }
  };
  const auto check_all = [&] {
    for (const RunStore& store : {top, ticket, control})
      CHECK(read_links(store.run_path()) == store.expected_links());
  };
  drop_all();
  const std::filesystem::path checkpoint = ticket.checkpoint_path(1);
  std::filesystem::copy_file(ticket.level_path(1), checkpoint);  // of any content: its level is there
  CHECK(search(config, folder).trained == 0);
  check_all();
  CHECK_FALSE(std::filesystem::exists(checkpoint));
  drop_all();
  config.levels = 2;
  Listener listener;
  listener.stop_at_level = 2;
  CHECK_THROWS_AS(run_search(config, small_data(), folder.path(), 1, listener, listener.stop), Interrupted);
  check_all();
}

TEST_CASE("Nothing is trained without its mask", "[lottery]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  const SearchConfig config = small_config();
  const Network<float> network = make_network<float>(config.model, {1, 28, 28}, 10, 1);
  RunRecord run;
  for (const Parameter<float>* array : network.arrays())
    run.init_weights.push_back(draw_initial(array->info(), config.initialization, 1, "init", 0, 0));
  store.write_run(run);
  std::vector<Mask> masks;
  for (const Parameter<float>* parameter : network.parameters()) {
    if (parameter->info().prunable)
      masks.push_back(full_mask(parameter->info().name, parameter->info().shape));
  }
  const auto train = [&](const std::vector<Mask>& given) {
    const LevelStart start{small_data(), config.model,    config.training, config.kernel, 1,
                           given,        run.init_weights};
    train_level(
        start, store, [](const auto&, const auto&) {}, std::stop_token());
  };
  CHECK_THROWS_WITH(train({masks.back()}), Catch::Contains("'fc1.weight'") && Catch::Contains("mask"));
  std::vector<Mask> other = masks;
  other.front().shape = {1, other.front().size()};
  CHECK_THROWS_AS(train(other), StoreError);
  CHECK(store.levels().empty());
  train(masks);
  CHECK(store.has_level(1));
}

TEST_CASE("Impossible settings are refused with the option's name", "[lottery]") {
  const auto message = [](auto change) {
    SearchConfig config;
    change(config);
    try {
      check(config);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message([](SearchConfig&) {}).empty());
  CHECK_THAT(message([](SearchConfig& c) { c.rate = 1.0; }), Catch::Contains("--rate"));
  CHECK_THAT(message([](SearchConfig& c) { c.levels.reset(); }), Catch::Contains("--target-density"));
  CHECK_THAT(message([](SearchConfig& c) { c.training.batch = 0; }), Catch::Contains("--batch"));
  CHECK_THAT(message([](SearchConfig& c) { c.rewind_step = 50000; }), Catch::Contains("--rewind"));
  CHECK_THAT(message([](SearchConfig& c) { c.data.validation = 0; }), Catch::Contains("--validation"));
  CHECK_THAT(message([](SearchConfig& c) { c.convolution_rate = 1; }), Catch::Contains("--convolution-rate"));
  CHECK_THAT(message([](SearchConfig& c) {
               c.retraining = Retraining::fine_tuning;
               c.training.learning_rate.shape = LearningRateSchedule::Shape::cosine;
             }),
             Catch::Contains("--schedule cosine"));
  CHECK_THAT(message([](SearchConfig& c) {
               c.retraining = Retraining::learning_rate_rewinding;
               c.controls = {Control::random_mask};
             }),
             Catch::Contains("--control random-mask"));
  CHECK_THAT(message([](SearchConfig& c) { c.training.optimizer.nesterov = true; }),
             Catch::Contains("--nesterov"));
}

TEST_CASE("Differences between configurations are named", "[lottery]") {
  SearchConfig a, b;
  CHECK(differences(config_text(a), config_text(b)).empty());
  b.training.steps = 10;
  b.levels = 99;  // extent, not configuration
  CHECK(differences(config_text(a), config_text(b)) ==
        std::vector<std::string>{"steps: 50000 before, 10 now"});
}

TEST_CASE("A residual network's running statistics are recorded and rewound with its weights", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.model =
      "conv 2 stride 4; batch-norm relu; residual; conv 3 stride 2; batch-norm; end relu; "
      "global-average-pool; linear classes";
  config.levels = 2;
  config.rewind_step = 10;
  config.controls = {Control::random_reinit};
  const TrainingData data(load_dataset(config.data),
                          input_layout(config.model, {1, 28, 28}, 10, config.training.batch));
  Listener listener;
  run_search(config, data, folder.path(), 1, listener, listener.stop);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  const auto values = [](const std::vector<Tensor>& tensors, const char* name) {
    return find_named(tensors, name)->values;
  };
  CHECK(values(run.init_weights, "bn1.weight") == AlignedVector<float>(2, 1.0f));
  CHECK(values(run.init_weights, "bn1.running_var") == AlignedVector<float>(2, 1.0f));
  CHECK(values(run.rewind_weights, "bn1.running_var") != AlignedVector<float>(2, 1.0f));
  const LevelRecord level = store.read_level(1);
  CHECK(values(level.weights, "bn2.running_mean") != values(run.rewind_weights, "bn2.running_mean"));
  CHECK(level.masks.size() == 3);  // convolutions and the linear layer
  const RunStore control(control_folder(folder.path(), Control::random_reinit, 0));
  CHECK(values(control.read_level(1).initial_weights, "bn1.running_var") == AlignedVector<float>(2, 1.0f));
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("Controls change one thing of the ticket as it is before training", "[lottery][threads]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();
  config.levels = 2;
  config.controls = {Control::global_random_mask, Control::shuffled_weights, Control::sign_only,
                     Control::supermask, Control::inverted_mask};
  config.trials = 2;
  const Listener listener = search(config, folder, 2);
  CHECK(listener.trained == 3 + 2 * (2 * 2 + 3));
  CHECK(search(config, folder).trained == 0);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  const LevelRecord ticket = store.read_level(2);
  const auto level_of = [&](Control control, unsigned trial = 0) {
    return RunStore(control_folder(folder.path(), control, trial)).read_level(2);
  };
  // The weights of the rewind step under a mask, trained like the ticket from there.
  RetracedTraining retraced{ticket.masks, run.rewind_weights, run.rewind_optimizer, config.training, 2, 15};

  const LevelRecord anywhere = level_of(Control::global_random_mask);
  CHECK(anywhere.density == ticket.density);
  CHECK(anywhere.masks[1].survivors() != ticket.masks[1].survivors());
  CHECK(level_of(Control::global_random_mask, 1).masks[0].keep != anywhere.masks[0].keep);
  retraced.masks = anywhere.masks;
  check_same_weights(retraced.run(), anywhere.weights);

  const LevelRecord shuffled = level_of(Control::shuffled_weights);
  retraced.masks = ticket.masks;
  retraced.weights = shuffled.initial_weights;
  check_same_weights(retraced.run(), shuffled.weights);
  CHECK(shuffled.masks[0].keep == ticket.masks[0].keep);
  CHECK(level_of(Control::shuffled_weights, 1).initial_weights[0].values !=
        shuffled.initial_weights[0].values);

  const LevelRecord signs = level_of(Control::sign_only);
  const Tensor& rewound = *find_named(run.rewind_weights, "fc1.weight");
  for (std::size_t i = 0; i < rewound.values.size(); ++i) {
    const float expected = ticket.masks[0].keep[i] ? rewound.values[i] : 0;
    CHECK((signs.initial_weights[0].values[i] > 0) == (expected > 0));
    CHECK((signs.initial_weights[0].values[i] < 0) == (expected < 0));
  }
  CHECK_FALSE(std::filesystem::exists(control_folder(folder.path(), Control::sign_only, 1)));

  const LevelRecord untrained = level_of(Control::supermask);
  CHECK(untrained.steps == untrained.first_step);
  CHECK(untrained.cost.flops == 0);
  CHECK(untrained.metrics.size() == 1);
  for (std::size_t i = 0; i < rewound.values.size(); ++i)
    CHECK(untrained.weights[0].values[i] == (ticket.masks[0].keep[i] ? rewound.values[i] : 0));

  const LevelRecord inverted = level_of(Control::inverted_mask);
  const LevelRecord first = store.read_level(1);
  for (std::size_t m = 0; m < 2; ++m) {
    CHECK(inverted.masks[m].survivors() == ticket.masks[m].survivors());
    // Level 1 pruned less than level 2 keeps: all of it is back.
    for (std::size_t i = 0; i < ticket.masks[m].size(); ++i) {
      if (!first.masks[m].keep[i]) CHECK(inverted.masks[m].keep[i] == 1);
    }
  }
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("A search prunes by any score, in any group, and verify recomputes what it can", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.training.steps = 10;
  config.levels = 2;
  config.rate = 0.5;
  struct Method {
    Score score;
    const char* granularity;
    PruningScope scope;
    PruningTime time;
    bool recomputed;
  };
  const Method method = GENERATE(
      Method{Score::movement, "weight", PruningScope::erk, PruningTime::after_training, true},
      Method{Score::random, "neuron", PruningScope::layerwise, PruningTime::after_training, true},
      Method{Score::large_init_large_final, "4x4", PruningScope::global, PruningTime::one_shot, true},
      Method{Score::small_init, "input", PruningScope::uniform, PruningTime::before_training, true},
      Method{Score::snip, "weight", PruningScope::global, PruningTime::before_training, false},
      Method{Score::magnitude, "2:4", PruningScope::layerwise, PruningTime::after_training, true});
  config.score = method.score;
  config.granularity = parse_granularity(method.granularity);
  config.scope = method.scope;
  config.prune = method.time;
  config.controls = {Control::inverted_mask};
  CAPTURE(config_text(config));
  const Listener listener = search(config, folder);
  const RunStore store(folder.path());
  for (std::size_t level = 1; level < listener.densities.size(); ++level) {
    const LevelRecord record = store.read_level(static_cast<unsigned>(level));
    CHECK(record.density == Approx(listener.densities[level]).margin(0.02));
    const LevelRecord inverted =
        RunStore(control_folder(folder.path(), Control::inverted_mask, 0)).read_level(record.level);
    CHECK(inverted.density == Approx(record.density).margin(0.002));
  }
  const std::vector<FileReport> reports = verify(folder.path(), pruning_rules());
  CHECK_FALSE(has_faults(reports));
  const FileReport& last = *std::ranges::find(
      reports, store.level_path(static_cast<unsigned>(listener.densities.size() - 1)), &FileReport::path);
  CHECK_THAT(last.summary, Catch::Contains(method.recomputed ? "pruning recomputed" : "survivors counted"));
  const SearchConfig read = pruning_settings(config_text(config) + extent_text(config));
  CHECK(read.score == config.score);
  CHECK(read.granularity == config.granularity);
  CHECK(read.scope == config.scope);
}

TEST_CASE("Scores that ask the network cost what they ask", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.training.steps = 10;
  config.densities = {0.3};
  config.prune = PruningTime::before_training;
  const auto [score, passes] = GENERATE(std::pair(Score::magnitude, 0), std::pair(Score::snip, 100),
                                        std::pair(Score::grasp, 400), std::pair(Score::synflow, 100));
  config.score = score;
  search(config, folder);
  const LevelRecord level = RunStore(folder.path()).read_level(1);
  const auto flops_per_image = [](double first, double second) { return 2 * (2 * first + 3 * second); };
  const double sparse = flops_per_image(static_cast<double>(level.masks[0].survivors()),
                                        static_cast<double>(level.masks[1].survivors()));
  CHECK(level.cost.flops == Approx(10 * 20 * sparse + passes * flops_per_image(784 * 20, 20 * 10)));
}

TEST_CASE("What no recorded weights decide is counted, and goes on with the masks that it began with",
          "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.levels = 1;
  config.prune = PruningTime::before_training;
  config.score = Score::snip;
  Listener listener;
  listener.stop_at_level = 1;
  CHECK_THROWS_AS(run_search(config, small_data(), folder.path(), 1, listener, listener.stop), Interrupted);
  // As if another machine, whose sums round differently, had begun the level.
  RunStore store(folder.path());
  TrainingCheckpoint checkpoint = store.read_checkpoint(1);
  std::vector<std::uint8_t>& keep = checkpoint.masks[0].keep;
  const auto kept = std::ranges::find(keep, 1);
  for (Tensor& tensor : checkpoint.state)
    if (tensor.name.ends_with("fc1.weight")) tensor.values[static_cast<std::size_t>(kept - keep.begin())] = 0;
  std::swap(*std::ranges::find(keep, 0), *kept);
  store.write_checkpoint(checkpoint);
  search(config, folder);
  LevelRecord level = store.read_level(1);
  CHECK(level.masks[0].keep == keep);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));

  *std::ranges::find(level.masks[1].keep, 1) = 0;
  CHECK(pruning_rules().check(store.read_run(), nullptr, level).faults ==
        std::vector<std::string>{"mask/fc2.weight: 179 weights survive, where pruning leaves 180"});
}

TEST_CASE("Tickets of another run are trained from the weights that they started from",
          "[lottery][threads]") {
  const TemporaryFolder origin, folder;
  SearchConfig config = falling_rate_config();
  config.levels = 2;
  search(config, origin);
  const RunStore saved(origin.path());

  SearchConfig transfer = small_config();
  transfer.from = origin.path();
  transfer.seed = 9;
  transfer.controls = {Control::random_reinit};
  const Listener listener = search(transfer, folder, 2);
  CHECK(listener.trained == 3 + 2);
  const RunStore store(folder.path());
  CHECK(listener.densities ==
        std::vector<double>{1, saved.read_level(1).density, saved.read_level(2).density});
  check_same_weights(store.read_run().init_weights, saved.read_run().rewind_weights);
  const LevelRecord level = store.read_level(2);
  for (std::size_t m = 0; m < 2; ++m) CHECK(level.masks[m].keep == saved.read_level(2).masks[m].keep);
  CHECK(level.first_step == 0);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
  CHECK(search(transfer, folder).trained == 0);

  // One level, to tell fewer classes apart: a new output layer, and the others' weights.
  const TemporaryFolder classes;
  transfer.from = saved.level_path(2);
  transfer.model = "mlp:784-20-5";
  transfer.controls.clear();
  Listener other;
  run_search(transfer, five_classes(), classes.path(), 1, other, other.stop);
  const RunStore fewer(classes.path());
  CHECK(fewer.levels() == std::vector<unsigned>{0, 1});
  CHECK(fewer.read_level(1).masks[0].keep == saved.read_level(2).masks[0].keep);
  CHECK(fewer.read_level(1).masks[1].density() == 1);
  CHECK(find_named(fewer.read_run().init_weights, "fc1.weight")->values ==
        find_named(saved.read_run().rewind_weights, "fc1.weight")->values);
}

TEST_CASE("What --from, patterns and whole layers exclude is refused", "[lottery]") {
  const auto refused = [](const std::string& option, const std::function<void(SearchConfig&)>& change) {
    SearchConfig config = small_config();
    change(config);
    CHECK_THROWS_WITH(check(config), Catch::Contains(option));
  };
  refused("--rewind", [](SearchConfig& c) { c.from = "RUN", c.rewind_step = 5; });
  refused("--pretrain", [](SearchConfig& c) { c.from = "RUN", c.pretraining.steps = 5; });
  refused("inverted-mask", [](SearchConfig& c) { c.from = "RUN", c.controls = {Control::inverted_mask}; });
  refused("--densities", [](SearchConfig& c) {
    c.granularity = parse_granularity("2:4");
    c.densities = {0.5};
  });
  refused("--layer-rate fc1", [](SearchConfig& c) { c.layer_rates = {{"fc1", 0.1}}, c.densities = {0.5}; });
  refused("--layer-rate", [](SearchConfig& c) { c.layer_rates = {{"fc7", 0.1}}; });
  refused("--score-images", [](SearchConfig& c) { c.score_images = 0; });
  refused("--level-steps", [](SearchConfig& c) { c.rewind_step = 20, c.level_steps = {30, 20}; });
  refused("--level-steps", [](SearchConfig& c) { c.budget = Budget::flops, c.level_steps = {20}; });
  refused("early-bird", [](SearchConfig& c) {
    c.budget = Budget::flops;
    c.prune = PruningTime::early_bird;
  });
  refused("--rewind", [](SearchConfig& c) { c.retraining = Retraining::none, c.rewind_step = 5; });
  refused("--control", [](SearchConfig& c) {
    c.retraining = Retraining::none;
    c.controls = {Control::random_reinit};
  });
  refused("--score movement", [](SearchConfig& c) {
    c.score = Score::movement;
    c.prune = PruningTime::before_training;
  });
  refused("supermask", [](SearchConfig& c) {
    c.controls = {Control::supermask};
    c.retraining = Retraining::fine_tuning;
  });
}
