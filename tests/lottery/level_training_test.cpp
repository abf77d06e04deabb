#include "ltlab/lottery/level_training.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"
#include "support/temporary_folder.h"

using namespace ltlab;
using namespace ltlab::test;

TEST_CASE("A checkpoint that no training leaves is refused, and gone on without once it is away",
          "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.levels = 1;
  config.training.optimizer.kind = OptimizerConfig::Kind::adam;
  Listener listener;
  listener.stop_at_level = 1;
  CHECK_THROWS_AS(run_search(config, small_data(), folder.path(), 1, listener, listener.stop), Interrupted);
  RunStore store(folder.path());
  const TrainingCheckpoint whole = store.read_checkpoint(1);
  const auto state = [](TrainingCheckpoint& checkpoint, const std::string& name) -> Tensor& {
    return *std::ranges::find(checkpoint.state, name, &Tensor::name);
  };
  const auto cut = [](Tensor& tensor, Shape shape) {
    tensor.values.resize(element_count(shape));
    tensor.shape = std::move(shape);
  };
  const std::pair<const char*, std::function<void(TrainingCheckpoint&)>> forgeries[] = {
      {"metrics has no row", [](auto& c) { c.metrics.clear(); }},
      {"metrics are not those", [](auto& c) { c.metrics.erase(c.metrics.begin()); }},
      {"its step is", [](auto& c) { c.step = std::uint64_t{1} << 40; }},
      {"loss_count", [](auto& c) { ++c.loss_count; }},
      {"mask_step", [](auto& c) { c.mask_step = c.step; }},
      {"another number of weights", [](auto& c) { std::ranges::fill(c.masks[0].keep, 1); }},
      {"pruned weights are not zero",
       [&](auto& c) { std::ranges::fill(state(c, "weights/fc1.weight").values, 1); }},
      {"no like in state/best",
       [&](auto& c) {
         cut(state(c, "best/fc1.weight"), {1, 1});
       }},
      {"is of shape 20, its parameter of 1", [&](auto& c) { cut(state(c, "weights/fc1.bias"), {1}); }},
      {"optimizer/first/fc1.weight is of shape",
       [&](auto& c) {
         cut(state(c, "optimizer/first/fc1.weight"), {1, 1});
       }},
      {"no number of steps", [&](auto& c) { cut(state(c, "optimizer/steps"), {0}); }},
      {"squares below 0",
       [&](auto& c) { std::ranges::fill(state(c, "optimizer/second/fc1.bias").values, -1); }},
      {"lacks 'first/fc1.bias'",
       [&](auto& c) { state(c, "optimizer/first/fc1.bias").name = "optimizer/other"; }}};
  for (const auto& [words, forge] : forgeries) {
    TrainingCheckpoint forged = whole;
    forge(forged);
    store.write_checkpoint(forged);
    CHECK_THROWS_WITH(search(config, folder),
                      Catch::Contains("level-001.partial.h5") && Catch::Contains(words));
    CHECK_THROWS_AS(search(config, folder), StoreError);
  }
  store.write_checkpoint(whole);
  search(config, folder);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("No level starts from a rewind point that is lost or of another shape", "[lottery]") {
  const std::function<void(RunRecord&)> forgeries[] = {[](RunRecord& run) { run.rewind_weights.clear(); },
                                                       [](RunRecord& run) { run.rewind_optimizer.clear(); },
                                                       [](RunRecord& run) {
                                                         run.rewind_weights[0] = {"fc1.weight", {1, 1}, {0}};
                                                       },
                                                       [](RunRecord& run) {
                                                         for (Tensor& tensor : run.rewind_optimizer)
                                                           if (tensor.name == "first/fc1.weight")
                                                             tensor = {"first/fc1.weight", {1, 1}, {0}};
                                                       }};
  for (const auto& forge : forgeries) {
    const TemporaryFolder folder;
    SearchConfig config = small_config();
    config.levels = 1;
    config.rewind_step = 2;
    config.training.optimizer.kind = OptimizerConfig::Kind::adam;
    search(config, folder);
    RunStore store(folder.path());
    RunRecord run = store.read_run();
    forge(run);
    std::filesystem::remove(store.level_path(1));
    store.write_run(run);
    CHECK_THROWS_AS(search(config, folder), StoreError);
  }
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

TEST_CASE("A level tells what its weights say of each image", "[lottery]") {
  const TemporaryFolder folder, without;
  SearchConfig config = small_config();
  config.levels = 1;
  config.controls = {Control::random_reinit};
  search(config, folder);
  const RunStore store(folder.path());
  const Dataset& data = small_data().dataset;
  for (const unsigned number : store.levels()) {
    const LevelRecord level = store.read_level(number);
    const auto& [test, validation] = level.predictions;
    REQUIRE(test.classes.size() == data.test.size());
    REQUIRE(validation.classes.size() == data.validation.size());
    std::size_t right = 0, right_held_out = 0;
    for (std::size_t i = 0; i < data.test.size(); ++i) right += test.classes[i] == data.test.labels[i];
    for (std::size_t i = 0; i < data.validation.size(); ++i)
      right_held_out += validation.classes[i] == data.train.labels[data.validation[i]];
    CHECK(level.test_accuracy == Approx(static_cast<double>(right) / 200));
    CHECK(level.validation_accuracy == Approx(static_cast<double>(right_held_out) / 200));
    // The likeliest class of an image that is right has the loss -log of its probability, of others more.
    double least_loss = 0;
    for (std::size_t i = 0; i < data.test.size(); ++i)
      least_loss -= std::log(static_cast<double>(test.probabilities[i])) / 200;
    CHECK(least_loss <= level.test_loss);
  }
  CHECK_FALSE(store.read_predictions(1) == store.read_predictions(0));

  config.predictions = RecordedPredictions::none;
  search(config, without);
  CHECK(RunStore(without.path()).read_predictions(1).empty());
  CHECK(RunStore(without.path()).read_run().config == store.read_run().config);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
  CHECK_FALSE(has_faults(verify(without.path(), pruning_rules())));
}
