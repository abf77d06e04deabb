#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

std::vector<double> learning_rates(const LevelRecord& level) {
  std::vector<double> rates;
  for (std::size_t i = 1; i < level.metrics.size(); ++i) rates.push_back(level.metrics[i].learning_rate);
  return rates;
}

}  // namespace

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
