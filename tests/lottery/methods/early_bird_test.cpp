#include "ltlab/lottery/methods/early_bird.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "ltlab/config/check.h"
#include "ltlab/config/config_text.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

SearchConfig early_bird_config() {
  SearchConfig config = small_config();
  config.prune = PruningTime::early_bird;
  config.densities = {0.5, 0.2};
  config.prune_every = 2;
  return config;
}

// A network of ten weights that prunes five: looked at every ten steps until step 200.
class Bird {
 public:
  explicit Bird(const SearchConfig& config)
      : bird_({config,
               {PruningGroup{{0}, 10, 0.2, 5}},
               {0, 200, 10},
               {Tensor{"w", {1, 10}, AlignedVector<float>(10)}},
               0,
               small_data().dataset}) {}

  EarlyBird* operator->() { return &bird_; }
  // Whether a check draws the mask, where the five weights from `first` on are the largest.
  bool draws(std::uint64_t step, std::size_t first) {
    Tensor weights{"w", {1, 10}, AlignedVector<float>(10, 1)};
    for (std::size_t i = first; i < first + 5; ++i) weights.values[i] = 2;
    REQUIRE(bird_.changes_at(step));
    const std::vector<Mask> masks = bird_.change(step, {{full_mask("w", {1, 10})}, {weights}, {}});
    return masks[0].survivors() == 5;
  }

 private:
  EarlyBird bird_;
};

}  // namespace

TEST_CASE("A mask is drawn once it is near those of the four checks before", "[lottery]") {
  SearchConfig config = early_bird_config();
  config.mask_distance = 0.5;  // two of five survivors may differ
  Bird bird(config);
  // It drifts by one weight a check: the fourth before differs by three, later by two, then by one.
  const std::vector<std::size_t> first{0, 1, 2, 3, 4, 4, 5};
  for (std::size_t check = 0; check < first.size(); ++check)
    CHECK_FALSE(bird.draws(10 + 10 * check, first[check]));
  Bird other(config);
  other->restore(bird->memory());
  for (Bird* each : {&bird, &other}) {
    CHECK(each->draws(80, 5));  // 3 is forgotten; 4, 4 and 5 are near
    CHECK_FALSE((*each)->changes_at(90));
  }
  Bird after(config);
  after->restore(bird->memory());
  CHECK_FALSE(after->changes_at(90));
  // To their paper, it had settled long before.
  config.settling = Settling::consecutive;
  Bird paper(config);
  for (std::size_t check = 0; check < 5; ++check) CHECK_FALSE(paper.draws(10 + 10 * check, first[check]));
  CHECK(paper.draws(60, first[5]));
}

TEST_CASE("Masks that wander are drawn when the plain rule says so, resumed at every check", "[lottery]") {
  SearchConfig config = early_bird_config();
  config.mask_distance = GENERATE(0.21, 0.41);  // one or two of five survivors may differ
  config.settling = GENERATE(Settling::queue, Settling::consecutive);
  int drawn = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    RandomStream random({seed, "wandering"});
    std::vector<std::size_t> places{2};  // of the first survivor, at each check
    const auto near = [&](std::size_t a, std::size_t b) {
      const std::size_t apart = std::max(places[a], places[b]) - std::min(places[a], places[b]);
      return static_cast<double>(apart) / 5 < config.mask_distance;
    };
    const auto settled = [&] {
      const std::size_t now = places.size() - 1, needed = config.settling == Settling::queue ? 4 : 5;
      bool all = now >= needed;
      for (std::size_t back = 1; all && back <= needed; ++back)
        all = config.settling == Settling::queue ? near(now, now - back) : near(now - back + 1, now - back);
      return all;
    };
    Bird bird(config);
    for (std::uint64_t step = 10; step < 200; step += 10) {
      Bird resumed(config);
      resumed->restore(bird->memory());
      const bool draws = bird.draws(step, places.back());
      CHECK(draws == settled());
      CHECK(resumed.draws(step, places.back()) == draws);
      drawn += draws;
      if (draws) break;
      places.push_back(std::clamp<std::size_t>(places.back() + random.below(3), 1, 6) - 1);
    }
  }
  CHECK(drawn > 10);
}

TEST_CASE("A mask is drawn once it has stayed the same for five checks in a row", "[lottery]") {
  SearchConfig config = early_bird_config();
  config.settling = Settling::consecutive;
  Bird bird(config);
  CHECK_FALSE(bird->changes_at(0));
  CHECK_FALSE(bird->changes_at(15));
  for (const std::uint64_t step : {10, 20, 30, 40, 50}) CHECK_FALSE(bird.draws(step, 0));
  CHECK_FALSE(bird.draws(60, 1));  // one of five survivors is another
  for (const std::uint64_t step : {70, 80, 90, 100}) CHECK_FALSE(bird.draws(step, 1));
  // As 0.1.0 wrote it, whose checkpoints are gone on with.
  const std::vector<Tensor> memory = bird->memory();
  REQUIRE(memory.size() == 2);
  CHECK(memory[0].name == "early-bird/calm");
  CHECK(memory[0].values == AlignedVector<float>{4});
  CHECK(memory[1].name == "early-bird/mask/w");
  Bird other(config);
  other->restore(memory);
  for (Bird* each : {&bird, &other}) {
    CHECK(each->draws(110, 1));
    CHECK_FALSE((*each)->changes_at(120));
  }
  Bird after(config);
  after->restore(bird->memory());
  CHECK_FALSE(after->changes_at(120));
}

TEST_CASE("How far a settled mask may move is told, and at the end it need not have settled", "[lottery]") {
  SearchConfig config = early_bird_config();
  config.mask_distance = 0.21;
  config.settling = Settling::consecutive;
  Bird tolerant(config);
  for (std::uint64_t check = 0; check < 5; ++check) CHECK_FALSE(tolerant.draws(10 + 10 * check, check % 2));
  CHECK(tolerant.draws(60, 1));
  config.mask_distance = 0.2;
  Bird strict(config);
  for (std::uint64_t check = 0; check < 19; ++check) CHECK_FALSE(strict.draws(10 + 10 * check, check % 2));
  CHECK(strict.draws(200, 0));
  config.settling = Settling::queue;
  Bird queue(config);
  for (std::uint64_t check = 0; check < 19; ++check) CHECK_FALSE(queue.draws(10 + 10 * check, check % 2));
  CHECK(queue.draws(200, 0));
}

TEST_CASE("A level trains densely until its mask is drawn, and goes on with it", "[lottery]") {
  const TemporaryFolder folder;
  const SearchConfig config = early_bird_config();
  search(config, folder);
  const RunStore store(folder.path());
  for (unsigned number = 1; number <= 2; ++number) {
    const LevelRecord level = store.read_level(number);
    CHECK(level.density == Approx(config.densities[number - 1]).margin(1e-4));
    REQUIRE(level.mask_step >= 10);
    REQUIRE(level.mask_step <= 30);
    const auto flops_per_image = [](double first, double second) { return 2 * (2 * first + 3 * second); };
    const auto dense_steps = static_cast<double>(level.mask_step);
    const double sparse = flops_per_image(static_cast<double>(level.masks[0].survivors()),
                                          static_cast<double>(level.masks[1].survivors()));
    CHECK(level.cost.flops ==
          Approx(20 * (dense_steps * flops_per_image(784 * 20, 20 * 10) + (40 - dense_steps) * sparse)));

    // The same network, trained so far and pruned.
    RetracedTraining retraced{{}, store.read_run().init_weights, {}, config.training, number, 0};
    retraced.training.steps = level.mask_step;
    const std::vector<Tensor> weights = retraced.run();
    const std::vector<Mask> full{full_mask("fc1.weight", {20, 784}), full_mask("fc2.weight", {10, 20})};
    CHECK(prune_to_plan({full, weights, weights}, plan_level(config, full, number), config) == level.masks);
  }
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("A search interrupted before a mask is drawn, and after, goes on to the same bits",
          "[lottery][threads]") {
  const TemporaryFolder whole, broken;
  SearchConfig config = early_bird_config();
  config.prune_every = 5;  // drawn at step 25 or later, and interrupted at 20
  config.training.validate_every = 4;
  search(config, whole, 2);
  for (const unsigned level : {1u, 2u}) {
    REQUIRE(RunStore(whole.path()).read_level(level).mask_step >= 25);
    Listener listener;
    listener.stop_at_level = level;
    CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
    CHECK(density(RunStore(broken.path()).read_checkpoint(level).masks) == 1);
  }
  search(config, broken);
  check_same_levels(RunStore(whole.path()), RunStore(broken.path()));
  CHECK(RunStore(whole.path()).read_summary(2).cost.flops ==
        RunStore(broken.path()).read_summary(2).cost.flops);
}

TEST_CASE("What Early-Bird cannot do is refused with the option's name", "[lottery]") {
  SearchConfig config = early_bird_config();
  config.mask_distance = 0;
  CHECK_THROWS_WITH(check(config), Catch::Contains("--mask-distance"));
  config.mask_distance = 0.2;
  CHECK_THAT(config_text(config),
             Catch::Contains("prune = early-bird\nmask-distance = 0.2\nsettling = queue\nprune-every = 2\n"));
  config.rewind_step = 5;
  CHECK_THROWS_WITH(check(config), Catch::Contains("--prune early-bird"));
}
