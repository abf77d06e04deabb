#include "ltlab/analysis/layer_collapse.h"

#include <catch2/catch.hpp>

#include "support/temporary_folder.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

Mask mask_of(const std::string& name, const Shape& shape, std::vector<std::uint8_t> keep) {
  return {name, shape, std::move(keep)};
}

const Mask kFirst = mask_of("fc1.weight", {2, 2}, {1, 0, 0, 0});
const Mask kEmpty = mask_of("fc1.weight", {2, 2}, {0, 0, 0, 0});
const Mask kOnto = mask_of("fc2.weight", {2, 2}, {1, 0, 0, 0});
const Mask kBeside = mask_of("fc2.weight", {2, 2}, {0, 1, 0, 0});

void write_run(const std::filesystem::path& folder, std::uint64_t seed,
               const std::vector<std::vector<Mask>>& levels) {
  RunStore store(folder);
  RunRecord run;
  run.config = "model = mlp:2-2-2\n";
  run.model = "mlp:2-2-2";
  run.branch = "ticket";
  run.seed = seed;
  store.write_run(run);
  for (unsigned number = 0; number < levels.size(); ++number) {
    LevelRecord level;
    level.level = number;
    level.masks = levels[number];
    level.density = density(level.masks);
    store.write_level(level);
  }
}

}  // namespace

TEST_CASE("A network is cut where no path leads through it", "[analysis]") {
  CHECK_FALSE(is_cut({kFirst, kOnto}, chain_wiring(2)));
  CHECK(is_cut({kFirst, kBeside}, chain_wiring(2)));
  CHECK(is_cut({kEmpty, kOnto}, chain_wiring(2)));
  CHECK(is_cut({kEmpty, kOnto}, std::nullopt));
  CHECK_FALSE(is_cut({kFirst, kBeside}, std::nullopt));
}

TEST_CASE("Collapsed levels of a run and of a collection", "[analysis]") {
  const TemporaryFolder folder;
  const std::vector<Mask> full{full_mask("fc1.weight", {2, 2}), full_mask("fc2.weight", {2, 2})};
  write_run(folder.path() / "replicate-0", 0, {full, {kFirst, kOnto}, {kFirst, kBeside}});
  write_run(folder.path() / "replicate-1", 1, {full, {kEmpty, kOnto}, {kEmpty, kOnto}});
  const std::vector<LayerCollapse> one = layer_collapse(RunStore(folder.path() / "replicate-0"));
  REQUIRE(one.size() == 1);
  CHECK(one[0].level == 2);
  CHECK(one[0].replicates == 1);
  CHECK(one[0].empty.empty());
  RunStore(folder.path()).write_collection({"model = mlp:2-2-2\n", "replicates = 2\n", "", ""});
  const std::vector<LayerCollapse> both = layer_collapse(RunStore(folder.path()));
  REQUIRE(both.size() == 2);
  CHECK(both[0].level == 1);
  CHECK(both[0].replicates == 1);
  CHECK(both[0].empty == std::set<std::string>{"fc1.weight"});
  CHECK(both[1].replicates == 2);
}
