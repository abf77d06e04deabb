#include "ltlab/lottery/dense_copy.h"

#include <catch2/catch.hpp>

#include "ltlab/config/config_text.h"
#include "support/temporary_folder.h"

using namespace ltlab;
using ltlab::test::TemporaryFolder;

namespace {

// A replicate whose dense network is trained: one weight is enough.
RunStore trained(const TemporaryFolder& folder, const SearchConfig& config) {
  RunStore store(folder.path() / "from");
  RunRecord run;
  run.config = config_text(config);
  run.model = config.model;
  run.branch = "ticket";
  run.rewind_step = config.rewind_step;
  run.init_weights = {{"fc1.weight", {1, 1}, {0.5f}}};
  run.rewind_weights = {{"fc1.weight", {1, 1}, {config.rewind_step.none() ? 0.5f : 0.75f}}};
  store.write_run(run);
  LevelRecord level;
  level.masks = {full_mask("fc1.weight", {1, 1})};
  level.weights = {{"fc1.weight", {1, 1}, {2.0f}}};
  level.test_accuracy = 0.9;
  store.write_level(level);
  return store;
}

}  // namespace

TEST_CASE("A search that differs in pruning alone begins with the dense network of another", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config;
  const RunStore from = trained(folder, config);
  const RunStore to(folder.path() / "to");
  config.rate = 0.5;
  config.scope = PruningScope::global;
  config.min_survivors = 2;
  config.levels = 3;
  REQUIRE(copy_dense(from, to, config));
  CHECK(to.read_level(0).test_accuracy == 0.9);
  CHECK(to.read_level(0).weights.front().values.front() == 2.0f);
  CHECK(to.read_run().config == config_text(config));
  CHECK(to.read_run().extent == extent_text(config));
  CHECK_NOTHROW(to.require_own(to.level_path(0)));
  CHECK_FALSE(copy_dense(from, to, config));  // it has begun already
}

TEST_CASE("A dense network of other training, or that kept no rewind point, is not taken", "[lottery]") {
  const TemporaryFolder folder;
  const SearchConfig config;
  const RunStore from = trained(folder, config);
  const RunStore to(folder.path() / "to");
  SearchConfig other = config;
  SECTION("steps") {
    other.training.steps = 7;
  }
  SECTION("seed") {
    other.seed = 1;
  }
  SECTION("optimizer") {
    other.training.optimizer.kind = OptimizerConfig::Kind::sgd;
  }
  SECTION("retraining, for which the optimizer's state is kept") {
    other.retraining = Retraining::fine_tuning;
  }
  SECTION("rewind step") {
    other.rewind_step = 3;
  }
  SECTION("pretraining") {
    other.pretraining.steps = 3;
  }
  CHECK_FALSE(copy_dense(from, to, other));
  CHECK_FALSE(to.has_run());
}

TEST_CASE("Without rewinding the weights at the rewind step are those at initialization", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config;
  config.rewind_step = 5;
  const RunStore from = trained(folder, config);
  const RunStore to(folder.path() / "to");
  SECTION("the same rewind step") {
    REQUIRE(copy_dense(from, to, config));
    CHECK(to.read_run().rewind_step == 5);
    CHECK(to.read_run().rewind_weights.front().values.front() == 0.75f);
  }
  SECTION("none") {
    config.rewind_step = 0;
    REQUIRE(copy_dense(from, to, config));
    CHECK(to.read_run().rewind_step == 0);
    CHECK(to.read_run().rewind_weights.front().values.front() == 0.5f);
  }
}
