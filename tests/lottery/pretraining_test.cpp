#include "ltlab/lottery/pretraining.h"

#include <catch2/catch.hpp>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

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

}  // namespace

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
