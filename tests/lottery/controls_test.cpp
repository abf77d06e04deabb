#include "ltlab/lottery/controls.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

std::vector<float> kept_values(const Tensor& tensor, const Mask& mask) {
  std::vector<float> values;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) values.push_back(tensor.values[i]);
  }
  return values;
}

using Keep = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("Shuffled weights are the same survivors' values, elsewhere", "[lottery]") {
  const std::vector<Mask> masks{random_mask("fc1.weight", {20, 30}, 0.2, 1)};
  const std::vector<Tensor> weights{random_tensor("fc1.weight", {20, 30}, 2),
                                    random_tensor("fc1.bias", {20}, 3)};
  const std::vector<Tensor> shuffled = shuffled_weights(weights, masks, 1, {7, 0});
  std::vector<float> before = kept_values(weights[0], masks[0]), after = kept_values(shuffled[0], masks[0]);
  CHECK(after != before);
  std::ranges::sort(before);
  std::ranges::sort(after);
  CHECK(after == before);
  CHECK(shuffled[1].values == weights[1].values);
  CHECK(shuffled_weights(weights, masks, 1, {7, 0})[0].values == shuffled[0].values);
  CHECK(shuffled_weights(weights, masks, 1, {7, 1})[0].values != shuffled[0].values);
  CHECK(shuffled_weights(weights, masks, 2, {7, 0})[0].values != shuffled[0].values);
}

TEST_CASE("Shuffled magnitudes are the same survivors' magnitudes elsewhere, under the signs that were there",
          "[lottery]") {
  const std::vector<Mask> masks{random_mask("fc1.weight", {20, 30}, 0.2, 1)};
  const std::vector<Tensor> weights{random_tensor("fc1.weight", {20, 30}, 2),
                                    random_tensor("fc1.bias", {20}, 3)};
  const std::vector<Tensor> shuffled = shuffled_magnitudes(weights, masks, 1, {7, 0});
  std::vector<float> before = kept_values(weights[0], masks[0]), after = kept_values(shuffled[0], masks[0]);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(std::signbit(after[i]) == std::signbit(before[i]));
  const auto magnitudes = [](std::vector<float>& values) {
    for (float& value : values) value = std::abs(value);
    std::ranges::sort(values);
  };
  CHECK(after != before);
  magnitudes(before);
  magnitudes(after);
  CHECK(after == before);
  CHECK(shuffled[1].values == weights[1].values);
  for (std::size_t i = 0; i < masks[0].size(); ++i) {
    if (!masks[0].keep[i]) CHECK(shuffled[0].values[i] == weights[0].values[i]);
  }
  CHECK(shuffled_magnitudes(weights, masks, 1, {7, 1})[0].values != shuffled[0].values);
}

TEST_CASE("Signs keep no magnitude but the deviation of the layer's initial weights", "[lottery]") {
  const std::vector<Tensor> initial{{"fc1.weight", {2, 2}, {1, -3, 0, 6}}, {"fc1.bias", {2}, {0.5f, -0.25f}}};
  const std::vector<Tensor> weights{{"fc1.weight", {2, 2}, {9, -0.1f, 0, 7}}, initial[1]};
  const std::vector<Tensor> signs = signs_of(weights, initial, {full_mask("fc1.weight", {2, 2})});
  const auto deviation = static_cast<float>(std::sqrt(42.0 / 4));  // about the mean, 1: 0 + 16 + 1 + 25
  CHECK(signs[0].values[0] == Approx(deviation));
  CHECK(signs[0].values[1] == Approx(-deviation));
  CHECK(signs[0].values[2] == 0);
  CHECK(signs[0].values[3] == Approx(deviation));
  CHECK(signs[1].values == weights[1].values);
}

TEST_CASE("A fresh network's weights differ from trial to trial", "[lottery]") {
  const Network<float> network = make_network<float>("mlp:6-5-4", {6, 1, 1}, 4, 1);
  const auto draw = [&](unsigned level, unsigned trial) {
    return reinitialized(network, Initialization::glorot_normal_truncated, level, {3, trial});
  };
  const std::vector<Tensor> weights = draw(1, 0);
  REQUIRE(weights.size() == 4);
  CHECK(weights[0].name == "fc1.weight");
  CHECK(draw(1, 0)[0].values == weights[0].values);
  CHECK(draw(1, 1)[0].values != weights[0].values);
  CHECK(draw(2, 0)[0].values != weights[0].values);
}

TEST_CASE("An inverted mask keeps what goes first, round after round", "[lottery]") {
  const Mask full = full_mask("w", {1, 6});
  Mask second = full;
  second.keep = {0, 1, 1, 1, 0, 1};
  // The first round prunes weights 0 and 4, by its scores; the next would go on with 2.
  const std::vector<PruningRound> rounds{{{full}, {{0.1, 5, 4, 3, 0.2, 2}}},
                                         {{second}, {{0, 9, 6, 8, 0, 7}}}};
  const auto inverted = [&](std::size_t survivors) {
    Mask mask = full;
    for (std::size_t i = survivors; i < 6; ++i) mask.keep[i] = 0;
    return inverted_masks({mask}, rounds, {})[0].keep;
  };
  CHECK(inverted(1) == Keep{1, 0, 0, 0, 0, 0});
  CHECK(inverted(2) == Keep{1, 0, 0, 0, 1, 0});
  CHECK(inverted(3) == Keep{1, 0, 1, 0, 1, 0});
  CHECK(inverted(4) == Keep{1, 0, 1, 0, 1, 1});
  CHECK(inverted(5) == Keep{1, 0, 1, 1, 1, 1});
}

TEST_CASE("An inverted mask keeps what the ticket's pruning removes", "[lottery]") {
  const std::vector<Mask> full{full_mask("a", {20, 30}), full_mask("b", {10, 20})};
  std::vector<PruningCandidate> candidates;
  PruningRound round{full, {}};
  for (const Mask& mask : full) {
    const AlignedVector<double> values = random_values<double>(mask.size(), mask.size());
    round.scores.emplace_back(values.begin(), values.end());
    candidates.push_back({mask, round.scores.back()});
  }
  const auto masks = prune_by_score(candidates, {{{0}, 200}, {{1}, 100}}, {});
  const auto inverted = inverted_masks(masks, {round}, {});
  for (std::size_t m = 0; m < 2; ++m) {
    CHECK(inverted[m].survivors() == masks[m].survivors());
    for (std::size_t i = 0; i < masks[m].size(); ++i) CHECK(inverted[m].keep[i] + masks[m].keep[i] <= 1);
  }
}

TEST_CASE("Controls change one thing of the ticket as it is before training", "[lottery][threads]") {
  const TemporaryFolder folder;
  SearchConfig config = falling_rate_config();
  config.levels = 2;
  config.controls = {Control::global_random_mask, Control::shuffled_weights, Control::shuffled_magnitudes,
                     Control::sign_only,          Control::supermask,        Control::inverted_mask};
  config.trials = 2;
  const Listener listener = search(config, folder, 2);
  CHECK(listener.trained == 3 + 2 * (3 * 2 + 3));
  CHECK(search(config, folder).trained == 0);
  const RunStore store(folder.path());
  const RunRecord run = store.read_run();
  const LevelRecord ticket = store.read_level(2);
  const auto level_of = [&](Control control, unsigned trial = 0) {
    return RunStore(control_folder(folder.path(), control, trial)).read_level(2);
  };
  // The weights of the rewind step under a mask, trained like the ticket from there.
  RetracedTraining retraced{ticket.masks, run.rewind_weights, run.rewind_optimizer, config.training, 2, 15};

  const LevelRecord anywhere = level_of(Control::global_random_mask);
  CHECK(anywhere.density == ticket.density);
  CHECK(anywhere.masks[1].survivors() != ticket.masks[1].survivors());
  CHECK(level_of(Control::global_random_mask, 1).masks[0].keep != anywhere.masks[0].keep);
  retraced.masks = anywhere.masks;
  check_same_weights(retraced.run(), anywhere.weights);

  const LevelRecord shuffled = level_of(Control::shuffled_weights);
  retraced.masks = ticket.masks;
  retraced.weights = shuffled.initial_weights;
  check_same_weights(retraced.run(), shuffled.weights);
  CHECK(shuffled.masks[0].keep == ticket.masks[0].keep);
  CHECK(level_of(Control::shuffled_weights, 1).initial_weights[0].values !=
        shuffled.initial_weights[0].values);

  const LevelRecord magnitudes = level_of(Control::shuffled_magnitudes);
  retraced.weights = magnitudes.initial_weights;
  check_same_weights(retraced.run(), magnitudes.weights);
  CHECK(magnitudes.masks[0].keep == ticket.masks[0].keep);

  const LevelRecord signs = level_of(Control::sign_only);
  const Tensor& rewound = *find_named(run.rewind_weights, "fc1.weight");
  for (std::size_t i = 0; i < rewound.values.size(); ++i) {
    const float expected = ticket.masks[0].keep[i] ? rewound.values[i] : 0;
    CHECK((signs.initial_weights[0].values[i] > 0) == (expected > 0));
    CHECK((signs.initial_weights[0].values[i] < 0) == (expected < 0));
  }
  const AlignedVector<float>& drawn = find_named(run.init_weights, "fc1.weight")->values;
  double squares = 0, sum = 0;
  for (const float value : drawn) {
    sum += value;
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto weights = static_cast<double>(drawn.size());
  CHECK(*std::ranges::max_element(signs.initial_weights[0].values) ==
        Approx(std::sqrt(squares / weights - sum / weights * sum / weights)));
  CHECK_FALSE(std::filesystem::exists(control_folder(folder.path(), Control::sign_only, 1)));

  const LevelRecord untrained = level_of(Control::supermask);
  CHECK(untrained.steps == untrained.first_step);
  CHECK(untrained.cost.flops == 0);
  CHECK(untrained.metrics.size() == 1);
  for (std::size_t i = 0; i < rewound.values.size(); ++i)
    CHECK(untrained.weights[0].values[i] == (ticket.masks[0].keep[i] ? rewound.values[i] : 0));

  const LevelRecord inverted = level_of(Control::inverted_mask);
  const LevelRecord first = store.read_level(1);
  for (std::size_t m = 0; m < 2; ++m) {
    CHECK(inverted.masks[m].survivors() == ticket.masks[m].survivors());
    // Level 1 pruned less than level 2 keeps: all of it is back.
    for (std::size_t i = 0; i < ticket.masks[m].size(); ++i) {
      if (!first.masks[m].keep[i]) CHECK(inverted.masks[m].keep[i] == 1);
    }
  }
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));
}
