#include <catch2/catch.hpp>

#include "ltlab/config/check.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/methods/rigl.h"
#include "ltlab/lottery/methods/set.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/prune/pruning.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

SearchConfig dynamic_config(PruningTime time) {
  SearchConfig config = small_config();
  config.prune = time;
  config.densities = {0.2, 0.05};
  config.prune_every = 5;
  return config;
}

// The fc1.weight mask of a level of RigL, retraced with a network and a trainer alone.
Mask retrace_rigl(const SearchConfig& config, const std::vector<Tensor>& initial, std::vector<Mask> masks,
                  unsigned level) {
  Network<float> network = make_network<float>(config.model, {1, 28, 28}, 10, config.training.batch);
  network.apply(masks);
  network.assign(initial);
  network.choose_kernels(KernelPolicy::sparse);
  Trainer trainer(network, small_data(), config.training, 0, level, 0);
  for (const std::uint64_t change : {5, 10, 15, 20, 25}) {
    while (trainer.step() + 1 < change) trainer.advance();
    const std::vector<Tensor> gradients = trainer.dense_gradients();
    const double fraction = 0.15 * (1 + std::cos(static_cast<double>(change) / 30 * std::acos(-1.0)));
    const std::vector<Tensor> weights = network.tensors();
    for (Mask& mask : masks) {
      std::vector<float> keep, grow;
      for (const float value : find_named(weights, mask.name)->values) keep.push_back(std::abs(value));
      for (const float value : find_named(gradients, mask.name)->values) grow.push_back(std::abs(value));
      const auto count = static_cast<std::size_t>(fraction * static_cast<double>(mask.survivors()));
      mask = drop_and_grow(mask, lowest(places_of(mask, 1), keep, count), grow);
    }
    trainer.apply(masks);
    network.choose_kernels(KernelPolicy::sparse);
    trainer.validate_if_due();
  }
  return masks[0];
}

}  // namespace

TEST_CASE("RigL's drop fraction falls by the cosine, SET's stays", "[lottery]") {
  const RigL rigl(SearchConfig().drop_fraction, {0, 300, 100});
  CHECK(rigl.drop_fraction(0) == Approx(0.3));
  CHECK(rigl.drop_fraction(150) == Approx(0.15));
  CHECK(rigl.drop_fraction(300) == Approx(0).margin(1e-12));
  CHECK_FALSE(rigl.changes_at(0));
  CHECK(rigl.changes_at(100));
  CHECK(rigl.changes_at(200));
  CHECK_FALSE(rigl.changes_at(250));
  CHECK_FALSE(rigl.changes_at(300));
  CHECK(Set(0.5, {0, 300, 100}, SetDrops::by_sign, 0, 1).drop_fraction(200) == 0.5);
}

TEST_CASE("SET drops a fraction of each sign, and every zero, or the smallest of all", "[lottery]") {
  // Six positive survivors, four negative ones and a zero; half of each sign goes.
  const Mask mask{"w", {1, 14}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0}};
  const Tensor weights{"w", {1, 14}, {1, 2, 3, 4, 5, 6, -10, -20, -30, -40, 0, 0, 0, 0}};
  // Survivors that are left: those dropped grow again only where the draw finds them.
  const auto left = [&](SetDrops drops) {
    std::vector<std::uint32_t> in_all = places_of(mask, 1);
    for (std::uint64_t step = 100; step <= 4000; step += 100) {
      const Mask now = Set(0.5, {0, 5000, 100}, drops, 7, 1).change(step, {{mask}, {weights}, {}})[0];
      CHECK(now.survivors() == mask.survivors());
      std::erase_if(in_all, [&](std::uint32_t i) { return now.keep[i] == 0; });
    }
    return in_all;
  };
  using Places = std::vector<std::uint32_t>;
  CHECK(left(SetDrops::by_sign) == Places{3, 4, 5, 8, 9});
  CHECK(left(SetDrops::magnitude) == Places{4, 5, 6, 7, 8, 9});  // five of eleven go
}

TEST_CASE("A run of SET without a line about what it drops goes by magnitude, as it was made", "[lottery]") {
  SearchConfig config = dynamic_config(PruningTime::set);
  const std::string now = config_text(config);
  CHECK_THAT(now, Catch::Contains("prune = set\ndrop-fraction = 0.3\nset-drops = by-sign\n"));
  CHECK(pruning_settings(now + extent_text(config)).set_drops == SetDrops::by_sign);
  config.set_drops = SetDrops::magnitude;
  const std::string earlier = config_text(config);
  CHECK_THAT(earlier, !Catch::Contains("set-drops"));
  CHECK(pruning_settings(earlier + extent_text(config)).set_drops == SetDrops::magnitude);
  CHECK(differences(earlier, now) == std::vector<std::string>{"set-drops: magnitude before, by-sign now"});
}

TEST_CASE("Random masks have what the plan keeps of each layer", "[lottery]") {
  const std::vector<Mask> layers{full_mask("a", {20, 30}), full_mask("b", {5, 20})};
  const std::vector<PruningGroup> plan{{{0}, 600, 0.2, 60}, {{1}, 100, 0.1, 33}};
  const std::vector<Mask> masks = draw_sparse_masks(layers, plan, 7, 1);
  CHECK(masks[0].survivors() == 60);
  CHECK(masks[1].survivors() == 33);
  CHECK(masks[1].name == "b");
  CHECK(draw_sparse_masks(layers, plan, 7, 1)[0].keep == masks[0].keep);
  CHECK(draw_sparse_masks(layers, plan, 7, 2)[0].keep != masks[0].keep);
  CHECK(draw_sparse_masks(layers, plan, 8, 1)[0].keep != masks[0].keep);
}

TEST_CASE("Masks that move keep each layer's number of weights", "[lottery][threads]") {
  const TemporaryFolder folder;
  const bool rigl = GENERATE(false, true);
  const SearchConfig config = dynamic_config(rigl ? PruningTime::rigl : PruningTime::set);
  search(config, folder, 2);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  for (unsigned number = 1; number <= 2; ++number) {
    const LevelRecord level = store.read_level(number);
    const std::vector<PruningGroup> plan = plan_level(config, level.masks, number);
    const std::vector<Mask> first = draw_sparse_masks(level.masks, plan, run.seed, number);
    for (std::size_t l = 0; l < level.masks.size(); ++l) {
      CHECK(level.masks[l].survivors() == plan[l].survivors);
      CHECK(level.masks[l].keep != first[l].keep);
    }
    CHECK(level.mask_step == 25);
    CHECK(level.early_stop_step >= 25);
    // RigL: five of 40 steps have a dense product for the weights' gradients. The first layer has two
    // products, the second one three.
    const double weights = 784 * 20 * 2 + 20 * 10 * 3, whole_layers = 784 * 20 + 20 * 10;
    const auto first_left = static_cast<double>(level.masks[0].survivors()),
               second_left = static_cast<double>(level.masks[1].survivors());
    const double extra = rigl ? 5 * (whole_layers - first_left - second_left) : 0;
    CHECK(level.cost.flops / level.cost.dense_flops ==
          Approx((40 * (2 * first_left + 3 * second_left) + extra) / (40 * weights)));
    if (rigl) CHECK(retrace_rigl(config, run.init_weights, first, number).keep == level.masks[0].keep);
  }
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}

TEST_CASE("Dynamic sparse training is the same bits, with one worker or two, interrupted or not",
          "[lottery][threads]") {
  const TemporaryFolder one, two, broken;
  SearchConfig config = dynamic_config(GENERATE(PruningTime::set, PruningTime::rigl));
  config.controls = {Control::random_reinit, Control::random_mask};
  search(config, one);
  search(config, two, 2);
  check_same_levels(RunStore(one.path()), RunStore(two.path()));
  for (const unsigned level : {1u, 2u}) {
    Listener listener;
    listener.stop_at_level = level;
    CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
    CHECK(RunStore(broken.path()).read_checkpoint(level).mask_step == 20);
  }
  search(config, broken);
  check_same_levels(RunStore(one.path()), RunStore(broken.path()));
  const Cost whole = RunStore(one.path()).read_summary(2).cost,
             resumed = RunStore(broken.path()).read_summary(2).cost;
  CHECK(whole.flops == resumed.flops);
  CHECK(whole.kernel_flops == resumed.kernel_flops);
  CHECK_FALSE(has_faults(verify(broken.path(), pruning_rules())));
}

TEST_CASE("Masks are drawn before weights could compete across layers", "[lottery]") {
  SearchConfig config = dynamic_config(PruningTime::rigl);
  config.scope = PruningScope::global;
  CHECK_THROWS_WITH(check(config), Catch::Contains("--prune rigl") && Catch::Contains("--scope"));
  config.scope = PruningScope::layerwise;
  config.drop_fraction = 1;
  CHECK_THROWS_WITH(check(config), Catch::Contains("--drop-fraction"));
  config.drop_fraction = 0.2;
  CHECK_THAT(config_text(config), Catch::Contains("prune = rigl\ndrop-fraction = 0.2\nprune-every = 5\n"));
}
