#include "ltlab/analysis/level_structure.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "store/sample_run.h"
#include "support/temporary_folder.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// A run with levels 0 and 1, whose config has one more line.
RunStore sample_store(const TemporaryFolder& folder, const std::string& line, const LevelRecord& level) {
  RunStore store(folder.path());
  RunRecord run = sample_run();
  run.config += line;
  run.model = "imported";  // whose wiring is not known
  store.write_run(run);
  store.write_level(sample_level(0));
  store.write_level(level);
  return store;
}

}  // namespace

TEST_CASE("A threshold is told where weights were pruned by magnitude after the level before, and else not",
          "[analysis]") {
  for (const char* line :
       {"", "prune = one-shot\n", "score = movement\n", "granularity = filter\n", "from = other\n"}) {
    const TemporaryFolder folder;
    const RunStore store = sample_store(folder, line, sample_level(1));
    const LevelReport report = LevelReporter(store).report(store.level_path(1));
    for (const LayerReport& layer : report.layers) {
      CHECK(layer.threshold.has_value() == std::string(line).empty());
      CHECK(layer.pruned == layer.structure.size - layer.structure.survivors);
    }
  }
}

TEST_CASE("What was pruned counts weights that left, also where others came", "[analysis]") {
  const TemporaryFolder folder;
  LevelRecord before = sample_level(0), after = sample_level(1);
  for (Mask& mask : before.masks) {  // the other half of what level 1 keeps
    for (std::size_t i = 0; i < mask.size(); ++i) mask.keep[i] = !find_named(after.masks, mask.name)->keep[i];
    mask.keep[0] = 1;
  }
  const LevelReport report = report_level(after, &before, RunContext(folder.path()));
  for (std::size_t l = 0; l < report.layers.size(); ++l) {
    const Mask &old = before.masks[l], &now = after.masks[l];
    std::size_t gone = 0;
    for (std::size_t i = 0; i < now.size(); ++i) gone += old.keep[i] > now.keep[i];
    CHECK(report.layers[l].pruned == gone);
  }
}

TEST_CASE("Of a level alone neither what was pruned nor its wiring is known", "[analysis]") {
  const TemporaryFolder folder;
  const LevelReport report = report_level(sample_level(1), nullptr, RunContext(folder.path()));
  CHECK_FALSE(report.dead_neurons());
  CHECK_FALSE(report.effective_density());
  for (const LayerReport& layer : report.layers) {
    CHECK_FALSE(layer.pruned);
    CHECK_FALSE(layer.threshold);
    CHECK(layer.after);
  }
}

TEST_CASE("Levels that do not fit each other are refused", "[analysis]") {
  const TemporaryFolder folder;
  const RunContext context(folder.path());
  LevelRecord before = sample_level(0);
  before.masks[0].name = "another";
  CHECK_THROWS_AS(report_level(sample_level(1), &before, context), StoreError);
  before = sample_level(0);
  before.masks[0] = Mask{before.masks[0].name, {2, 2}, {1, 1, 1, 1}};
  CHECK_THROWS_AS(report_level(sample_level(1), &before, context), StoreError);
}
