#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "ltlab/config/config_text.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/lottery/search_folders.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// What chance decides in one replicate, each by a seed of its own.
struct Drawn {
  AlignedVector<float> initial, reinitialized;  // Seeds::init
  std::string order;                            // Seeds::order
  std::vector<std::uint8_t> mask, random_mask;  // Seeds::mask
  AlignedVector<float> trained;                 // of all of them

  explicit Drawn(const std::filesystem::path& folder) {
    const RunStore ticket(folder);
    const auto control = [&](Control which) {
      return RunStore(control_folder(folder, which, 0)).read_level(1);
    };
    const LevelRecord level = ticket.read_level(1);
    initial = ticket.read_run().init_weights[0].values;
    reinitialized = find_named(control(Control::random_reinit).initial_weights, "fc2.weight")->values;
    order = level.order_sha256;
    mask = level.masks[0].keep;
    random_mask = control(Control::random_mask).masks[0].keep;
    trained = level.weights[0].values;
  }
};

// Masks are drawn by SET, and by the control.
SearchConfig drawing_config() {
  SearchConfig config = small_config();
  config.training.steps = 15;
  config.levels = 1;
  config.prune = PruningTime::before_training;
  config.score = Score::random;
  config.layer_rates = {{"fc2", 0}};  // whose weights all show
  config.controls = {Control::random_reinit, Control::random_mask};
  config.replicates = 2;
  return config;
}

}  // namespace

TEST_CASE("A seed that is given is that of all replicates, and the others stay their own", "[lottery]") {
  std::optional<std::uint64_t> SearchConfig::*const given =
      GENERATE(&SearchConfig::init_seed, &SearchConfig::order_seed, &SearchConfig::mask_seed);
  const TemporaryFolder usual, fixed;
  SearchConfig config = drawing_config();
  search(config, usual);
  config.*given = 1;
  search(config, fixed);
  const Drawn own_0(usual.path() / "replicate-0"), own_1(usual.path() / "replicate-1");
  const Drawn zero(fixed.path() / "replicate-0"), one(fixed.path() / "replicate-1");

  // Each is that of replicate 1, or that of replicate 0.
  const auto check = [&](auto Drawn::*drawn, bool is_given) {
    CHECK(own_0.*drawn != own_1.*drawn);
    CHECK(zero.*drawn == (is_given ? own_1 : own_0).*drawn);
    CHECK(one.*drawn == own_1.*drawn);
  };
  check(&Drawn::initial, given == &SearchConfig::init_seed);
  check(&Drawn::reinitialized, given == &SearchConfig::init_seed);
  check(&Drawn::order, given == &SearchConfig::order_seed);
  check(&Drawn::mask, given == &SearchConfig::mask_seed);
  check(&Drawn::random_mask, given == &SearchConfig::mask_seed);
  CHECK(zero.trained != own_0.trained);
  CHECK(zero.trained != one.trained);
  CHECK(one.trained == own_1.trained);  // whose seed the given one is
  CHECK_FALSE(has_faults(verify(fixed.path(), pruning_rules())));
}

TEST_CASE("Where all seeds are given, replicates are one network", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = drawing_config();
  config.prune = PruningTime::set;
  config.score = Score::magnitude;
  config.prune_every = 5;
  config.init_seed = config.order_seed = config.mask_seed = 7;
  search(config, folder);
  const Drawn zero(folder.path() / "replicate-0"), one(folder.path() / "replicate-1");
  CHECK(zero.trained == one.trained);
  CHECK(zero.mask == one.mask);
}

TEST_CASE("A run's config tells the seeds that were given, and no others", "[config]") {
  SearchConfig config = small_config();
  const std::string before = config_text(config);
  CHECK_THAT(before, !Catch::Contains("seed-"));
  config.init_seed = 3;
  config.data.validation_seed = 4;
  CHECK(
      differences(before, config_text(config)) ==
      std::vector<std::string>{"seed-init: (default) before, 3 now", "seed-split: (default) before, 4 now"});
}
