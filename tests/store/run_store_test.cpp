#include "ltlab/store/run_store.h"

#include <bit>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/hdf5/file.h"
#include "ltlab/store/record_files.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

namespace ltlab {
namespace {

using test::sample_checkpoint;
using test::sample_level;
using test::sample_run;
using test::TemporaryFolder;

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Tensor& x, const Tensor& y) {
    return x.name == y.name && x.shape == y.shape &&
           std::equal(x.values.begin(), x.values.end(), y.values.begin(), y.values.end(),
                      [](float v, float w) {
                        return std::bit_cast<std::uint32_t>(v) == std::bit_cast<std::uint32_t>(w);
                      });
  });
}

bool same(const std::vector<Mask>& a, const std::vector<Mask>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Mask& x, const Mask& y) {
    return x.name == y.name && x.shape == y.shape && x.keep == y.keep;
  });
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same(const std::vector<MetricsRow>& a, const std::vector<MetricsRow>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const MetricsRow& x, const MetricsRow& y) {
    return x.step == y.step && same_bits(x.learning_rate, y.learning_rate) &&
           same_bits(x.train_loss, y.train_loss) && same_bits(x.validation_loss, y.validation_loss) &&
           same_bits(x.validation_accuracy, y.validation_accuracy) &&
           same_bits(x.wall_seconds, y.wall_seconds);
  });
}

bool same(const std::vector<KernelChoice>& a, const std::vector<KernelChoice>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const KernelChoice& x, const KernelChoice& y) {
    return x.parameter == y.parameter && x.product == y.product && x.kernel == y.kernel &&
           x.dense_seconds == y.dense_seconds && x.sparse_seconds == y.sparse_seconds;
  });
}

TEST_CASE("a run is read back exactly", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path() / "deep" / "run");
  CHECK_FALSE(store.has_run());
  CHECK(store.levels().empty());
  const RunRecord run = sample_run("random-mask", 7);
  store.write_run(run);
  CHECK(store.has_run());
  const RunRecord back = store.read_run();
  CHECK(back.config == run.config);
  CHECK(back.extent == run.extent);
  CHECK(back.model == run.model);
  CHECK(back.branch == run.branch);
  CHECK(back.seed == run.seed);
  CHECK(back.trial == run.trial);
  CHECK(back.dataset == run.dataset);
  CHECK(back.dataset_fingerprint == run.dataset_fingerprint);
  CHECK(back.data_directory == run.data_directory);
  CHECK(back.rewind_step == run.rewind_step);
  CHECK(back.started_utc == run.started_utc);
  CHECK_FALSE(back.totals);
  CHECK(same(back.init_weights, run.init_weights));
  CHECK(same(back.rewind_weights, run.rewind_weights));
  CHECK(same(back.rewind_optimizer, run.rewind_optimizer));
}

TEST_CASE("of a level that is not there, only a search that has more to do is told to go on", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  RunRecord run = sample_run();
  store.write_run(run);
  CHECK_THROWS_WITH(store.read_level(99), Catch::Contains("no level yet") && Catch::Contains("--resume"));
  for (const unsigned level : {1u, 3u}) store.write_level(sample_level(level));
  CHECK_THROWS_WITH(store.read_level(99), Catch::Contains("levels 1 to 3") && Catch::Contains("--resume"));
  run.totals = RunTotals();
  store.write_run(run);
  CHECK_THROWS_WITH(store.read_level(99), Catch::Contains("levels 1 to 3, and its search has ended") &&
                                              !Catch::Contains("--resume"));
  CHECK_THROWS_WITH(store.read_summary(99), !Catch::Contains("--resume"));
  CHECK_THROWS_WITH(store.read_level(2), Catch::Contains("--resume"));  // lost, which it mends
}

TEST_CASE("a level is read back exactly", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  LevelRecord level = sample_level(2);
  level.initial_weights = sample_run().init_weights;
  store.write_level(level);
  const LevelRecord back = store.read_level(2);
  CHECK(back.level == 2);
  CHECK(back.density == level.density);
  CHECK(same(back.masks, level.masks));
  CHECK(same(back.weights, level.weights));
  CHECK(same(back.initial_weights, level.initial_weights));
  CHECK(same(back.metrics, level.metrics));
  CHECK(same(back.kernels, level.kernels));
  CHECK(back.steps == level.steps);
  CHECK(back.first_step == level.first_step);
  CHECK(back.test_loss == level.test_loss);
  CHECK(back.test_accuracy == level.test_accuracy);
  CHECK(back.validation_loss == level.validation_loss);
  CHECK(back.validation_accuracy == level.validation_accuracy);
  CHECK(back.early_stop_step == level.early_stop_step);
  CHECK(back.early_stop_validation_loss == level.early_stop_validation_loss);
  CHECK(back.early_stop_test_loss == level.early_stop_test_loss);
  CHECK(back.early_stop_test_accuracy == level.early_stop_test_accuracy);
  CHECK(back.cost.wall_seconds == level.cost.wall_seconds);
  CHECK(back.cost.flops == level.cost.flops);
  CHECK(back.cost.dense_flops == level.cost.dense_flops);
  CHECK(back.started_utc == level.started_utc);
  CHECK(back.finished_utc == level.finished_utc);
}

TEST_CASE("a checkpoint is read back exactly, and ends with its level", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  const TrainingCheckpoint checkpoint = sample_checkpoint(1);
  store.write_checkpoint(checkpoint);
  CHECK(store.has_checkpoint(1));
  CHECK(store.levels().empty());
  const TrainingCheckpoint back = store.read_checkpoint(1);
  CHECK(back.level == 1);
  CHECK(back.step == checkpoint.step);
  CHECK(same(back.masks, checkpoint.masks));
  CHECK(same(back.state, checkpoint.state));
  CHECK(same(back.metrics, checkpoint.metrics));
  CHECK(same(back.kernels, checkpoint.kernels));
  CHECK(same_bits(back.loss_sum, checkpoint.loss_sum));
  CHECK(back.loss_count == checkpoint.loss_count);
  CHECK(same_bits(back.wall_seconds, checkpoint.wall_seconds));
  CHECK(back.started_utc == checkpoint.started_utc);

  store.write_level(sample_level(1));
  CHECK_FALSE(store.has_checkpoint(1));
  CHECK(store.levels() == std::vector<unsigned>{1});
}

TEST_CASE("a checkpoint keeps the cost of finding the masks it began with", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  TrainingCheckpoint checkpoint = sample_checkpoint(1);
  checkpoint.mask_step = 0;
  checkpoint.flops = 7e9;
  store.write_checkpoint(checkpoint);
  CHECK(store.read_checkpoint(1).flops == 7e9);
}

TEST_CASE("a run without metrics, masks or weights can be stored", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(RunRecord{});
  store.write_level(LevelRecord{});
  CHECK(store.read_run().init_weights.empty());
  CHECK(store.read_level(0).metrics.empty());
}

TEST_CASE("run.h5 links to all levels and members, and keeps its links when it is rewritten", "[store]") {
  const TemporaryFolder folder;
  test::write_sample_collection(folder.path());
  RunStore top(folder.path());
  CHECK(top.members() == std::vector<std::string>{"replicate-0", "replicate-1"});
  CHECK(top.read_collection().config == sample_run().config);
  CHECK(read_links(top.run_path()) == top.expected_links());
  CHECK(top.expected_links().size() == 2);

  RunStore replicate(folder.path() / "replicate-0");
  replicate.write_run(sample_run("ticket", 0));
  CHECK(read_links(replicate.run_path()) == replicate.expected_links());
  CHECK(replicate.expected_links().size() == 5);
  CHECK(same(replicate.read_run().init_weights, sample_run().init_weights));

  std::filesystem::remove(replicate.level_path(2));
  replicate.link_members();
  CHECK(read_links(replicate.run_path()).size() == 4);
}

TEST_CASE("members are in the order of their numbers", "[store]") {
  const TemporaryFolder folder;
  for (const auto* name : {"replicate-10", "replicate-9", "replicate-0"}) {
    RunStore(folder.path() / name).write_run(sample_run());
  }
  std::filesystem::create_directory(folder.path() / "plots");
  CHECK(RunStore(folder.path()).members() ==
        std::vector<std::string>{"replicate-0", "replicate-9", "replicate-10"});
}

TEST_CASE("what is absent or of another kind is a fault that says so", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  CHECK_THROWS_AS(store.read_run(), StoreError);
  CHECK_THROWS_AS(store.write_level(sample_level(0)), StoreError);
  CHECK_THROWS_AS(store.write_checkpoint(sample_checkpoint(0)), StoreError);
  store.write_run(sample_run());
  CHECK_THROWS_AS(store.read_level(0), StoreError);
  CHECK_THROWS_AS(store.read_checkpoint(0), StoreError);
  CHECK_THROWS_AS(store.read_collection(), StoreError);
  CHECK_THROWS_WITH(read_level_file(store.run_path()), Catch::Contains("of kind 'run', not 'level'"));
  Tensor ragged{"w", {3}, AlignedVector<float>(2)};
  LevelRecord level = sample_level(0);
  level.weights.push_back(ragged);
  CHECK_THROWS_AS(store.write_level(level), ConfigError);
  CHECK_FALSE(store.has_level(0));
}

TEST_CASE("a file of a newer format is refused with what to do", "[store]") {
  const TemporaryFolder folder;
  RunStore store(folder.path());
  store.write_run(sample_run());
  store.write_level(sample_level(0));
  hdf5::File file = hdf5::File::open_image(store.level_path(0));
  file.set_attribute("format_version", kFormatVersion + 1);
  const std::vector<std::byte> bytes = file.close_image();
  std::ofstream(store.level_path(0), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  CHECK_THROWS_AS(store.read_level(0), StoreError);
  CHECK_THROWS_WITH(store.read_level(0), Catch::Contains("level-000.h5") && Catch::Contains("version 2") &&
                                             Catch::Contains("up to 1") && Catch::Contains("upgrade ltlab"));
}

TEST_CASE("threads store runs side by side, and in the same folder", "[store][threads]") {
  const TemporaryFolder folder;
  RunStore top(folder.path());
  top.write_collection(CollectionRecord());
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      RunStore own(folder.path() / ("replicate-" + std::to_string(t)));
      own.write_run(sample_run("ticket", t));
      RunStore(folder.path()).link_members();
      RunStore shared(folder.path() / "replicate-0");
      while (!shared.has_run()) std::this_thread::yield();
      for (unsigned level = 0; level < 5; ++level) {
        own.write_checkpoint(sample_checkpoint(level));
        own.write_level(sample_level(level));
        shared.write_level(sample_level(10 * (t + 1) + level));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(read_links(top.run_path()) == top.expected_links());
  CHECK(top.members().size() == 4);
  const RunStore shared(folder.path() / "replicate-0");
  CHECK(shared.levels().size() == 25);
  CHECK(read_links(shared.run_path()) == shared.expected_links());
  for (const unsigned level : shared.levels())
    CHECK(same(shared.read_level(level).masks, test::sample_masks(level)));
}

}  // namespace
}  // namespace ltlab
