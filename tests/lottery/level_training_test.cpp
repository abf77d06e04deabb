#include "ltlab/lottery/level_training.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "ltlab/lottery/pruning_round.h"
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

TEST_CASE("No search goes on where run.h5 tells another model, dataset or rewind step", "[lottery]") {
  const TemporaryFolder folder;
  const SearchConfig config = small_config();
  search(config, folder);
  RunStore store(folder.path());
  const RunRecord run = store.read_run();
  const std::pair<std::string, std::function<void(RunRecord&)>> forgeries[] = {
      {"attribute 'model'", [](RunRecord& r) { r.model = "mlp:9-4-2"; }},
      {"attribute 'dataset'", [](RunRecord& r) { r.dataset = "mnist"; }},
      {"attribute 'rewind_step'", [](RunRecord& r) { r.rewind_step += 1; }}};
  for (const auto& [words, forge] : forgeries) {
    RunRecord forged = run;
    forge(forged);
    store.write_run(forged);
    CHECK_THROWS_WITH(search(config, folder), Catch::Contains("run.h5") && Catch::Contains(words));
  }
}
