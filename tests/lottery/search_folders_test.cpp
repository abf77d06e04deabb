#include "ltlab/lottery/search_folders.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/values.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// As a process leaves it that is killed once its level, or its member, is written.
void drop_links(const RunStore& store) {
  const FolderLock lock(store.folder());
  write_atomically(lock, store.run_path().filename(), with_links(store.run_path(), {}));
}

}  // namespace

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
