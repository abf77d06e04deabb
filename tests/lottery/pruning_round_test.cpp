#include "ltlab/lottery/pruning_round.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/values.h"
#include "ltlab/lottery/network_scores.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/verify.h"
#include "support/small_search.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

std::size_t total(const std::vector<Mask>& masks) {
  std::size_t survivors = 0;
  for (const Mask& mask : masks) survivors += mask.survivors();
  return survivors;
}

// A small data set of noise.
Dataset noise(std::size_t images) {
  Dataset dataset;
  dataset.classes = 4;
  dataset.normalization = {{1}, {0}};
  dataset.train.shape = {1, 6, 6};
  AlignedVector<float> pixels = random_values<float>(36 * images, 3);
  dataset.train.pixels = pixels;
  for (std::size_t i = 0; i < images; ++i) {
    dataset.train.labels.push_back(static_cast<std::uint8_t>(i % 4));
    dataset.training.push_back(static_cast<std::uint32_t>(i));
  }
  return dataset;
}

// A model, its masks and weights, as drawn.
struct Sample {
  explicit Sample(const std::string& model) : network(make_network<float>(model, {1, 6, 6}, 4, 1)) {
    config.model = model;
    config.training.batch = 8;
    config.score_images = 20;
    config.scope = PruningScope::global;
    for (const Parameter<float>* array : network.arrays()) {
      const ParameterInfo& info = array->info();
      weights.push_back(draw_initial(info, Initialization::kaiming_normal, 1, "init", 0, 0));
      if (info.prunable) full.push_back(full_mask(info.name, info.shape));
    }
  }

  PruningInput input(const std::vector<Mask>& masks) const { return {masks, weights, weights, 5, &dataset}; }
  std::vector<Mask> pruned(double density) {
    config.densities = {density};
    return prune_to_plan(input(full), plan_level(config, full, 1), config);
  }

  SearchConfig config;
  Network<float> network;
  Dataset dataset = noise(40);
  std::vector<Tensor> weights;
  std::vector<Mask> full;
};

}  // namespace

TEST_CASE("Every score reaches the density, among the survivors", "[lottery]") {
  Sample sample("conv 4; batch-norm relu; conv 5 relu; linear 6 relu; linear classes");
  for (const std::string& name : score_names().names()) {
    CAPTURE(name);
    sample.config.score = score_names().parse(name);
    const std::vector<Mask> half = sample.pruned(0.5);
    CHECK(density(half) == Approx(0.5).margin(0.001));
    CHECK(sample.pruned(0.5)[1].keep == half[1].keep);
    sample.config.densities = {0.2};
    const auto fewer = prune_to_plan(sample.input(half), plan_level(sample.config, half, 1), sample.config);
    CHECK(density(fewer) == Approx(0.2).margin(0.001));
    CHECK(nested(fewer, half));
  }
}

TEST_CASE("Scores of the network see masks, weights and images", "[lottery]") {
  Sample sample("linear 12 relu; linear classes");
  for (const Score score : {Score::snip, Score::grasp, Score::taylor, Score::fisher, Score::synflow}) {
    CAPTURE(score_names().name(score));
    sample.config.score = score;
    const auto scores = pruning_scores(sample.input(sample.full), sample.config);
    REQUIRE(scores.size() == 2);
    REQUIRE(scores[0].size() == 36 * 12);
    const std::vector<Mask> masks{random_mask("fc1.weight", {12, 36}, 0.5, 1), sample.full[1]};
    const auto sparse = pruning_scores(sample.input(masks), sample.config);
    CHECK(sparse[1] != scores[1]);
    for (std::size_t i = 0; i < masks[0].size(); ++i) {
      if (!masks[0].keep[i]) CHECK(sparse[0][i] == 0);
    }
    PruningInput other = sample.input(sample.full);
    other.seed = 6;  // draws other images
    CHECK((pruning_scores(other, sample.config) == scores) == (score == Score::synflow));
  }
}

TEST_CASE("SNIP is asked of the training images that are drawn", "[lottery]") {
  Sample sample("linear 12 relu; linear classes");
  sample.config.score = Score::snip;
  Network<double> network = make_network<double>(sample.config.model, {1, 6, 6}, 4, 8);
  network.assign(sample.weights);
  const auto images = draw_score_images<double>(sample.dataset, 20, 8, network.input(), 5);
  const NetworkScores expected = score_network<double>(Score::snip, network, images);
  const auto found = pruning_scores(sample.input(sample.full), sample.config);
  for (std::size_t l = 0; l < 2; ++l) {
    for (std::size_t i = 0; i < found[l].size(); ++i)
      CHECK(found[l][i] == Approx(expected[l][i]).epsilon(1e-3).margin(1e-7));
  }
}

TEST_CASE("SynFlow's rounds reach a density that one round pays for with a whole layer", "[lottery]") {
  Sample sample("linear 40 relu; linear 40 relu; linear 40 relu; linear classes");
  sample.config.score = Score::synflow;
  const std::vector<Mask> rounds = sample.pruned(0.005);
  CHECK(total(rounds) ==
        static_cast<std::size_t>(std::llround(0.005 * static_cast<double>(total(sample.full)))));
  for (const Mask& mask : rounds) CHECK(mask.survivors() > 0);
  // Whatever survives lies on a path from an input to a logit.
  const auto flows = pruning_scores(sample.input(rounds), sample.config);
  for (std::size_t layer = 0; layer < rounds.size(); ++layer) {
    CHECK(std::ranges::all_of(flows[layer], [](double flow) { return flow >= 0; }));
    CHECK(static_cast<std::size_t>(std::ranges::count_if(
              flows[layer], [](double flow) { return flow > 0; })) == rounds[layer].survivors());
  }

  std::vector<PruningCandidate> candidates;
  const auto scores = pruning_scores(sample.input(sample.full), sample.config);
  for (std::size_t layer = 0; layer < scores.size(); ++layer)
    candidates.push_back({sample.full[layer], scores[layer]});
  const std::vector<Mask> once = prune_by_score(candidates, {{{0, 1, 2, 3}, total(rounds)}}, {});
  CHECK(std::ranges::any_of(once, [](const Mask& mask) { return mask.survivors() == 0; }));
}

TEST_CASE("SynFlow is inverted in each of its rounds", "[lottery]") {
  Sample sample("linear 20 relu; linear 15 relu; linear classes");
  sample.config.score = Score::synflow;
  const std::vector<Mask> ticket = sample.pruned(0.1);
  std::vector<Mask> expected = sample.full;
  for (int round = 1; round <= 100; ++round) {
    Network<double> network = make_network<double>(sample.config.model, {1, 6, 6}, 4, 1);
    network.apply(expected);
    network.assign(sample.weights);
    const NetworkScores scores = score_network<double>(Score::synflow, network, {});
    for (std::size_t layer = 0; layer < expected.size(); ++layer) {
      const auto size = static_cast<double>(expected[layer].size());
      const double share = static_cast<double>(ticket[layer].survivors()) / size;
      const auto left = static_cast<std::size_t>(std::llround(size * std::pow(share, round / 100.0)));
      const std::vector<double> drawn =
          score_at_random(sample.full[layer], {}, sample.input(sample.full).seed);
      std::vector<std::uint32_t> order = places_of(expected[layer], 1);
      std::ranges::sort(order, {}, [&](std::uint32_t i) {
        const double score = scores[layer][i];
        return std::pair(score == 0, score == 0 ? drawn[i] : -score);
      });
      const std::size_t gone = order.size() - std::min(order.size(), left);
      for (std::size_t k = 0; k < gone; ++k) expected[layer].keep[order[k]] = 0;
    }
  }
  const auto inverted = prune_highest_in_rounds(sample.input(sample.full), ticket, sample.config);
  for (std::size_t layer = 0; layer < expected.size(); ++layer) {
    CHECK(inverted[layer].survivors() == ticket[layer].survivors());
    CHECK(inverted[layer].keep == expected[layer].keep);
  }
}

TEST_CASE("Masks that pruning does not give are a fault of their level and layer", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.scope = GENERATE(PruningScope::layerwise, PruningScope::global);
  config.rate = 0.3;
  config.output_rate = 0.1;
  config.rewind_step = 5;
  search(config, folder);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));

  // The last level keeps another weight of fc2 than it should: as dense, nested, and zero where masked.
  RunStore store(folder.path());
  const LevelRecord before = store.read_level(2);
  LevelRecord level = store.read_level(3);
  std::vector<std::uint8_t>& keep = level.masks[1].keep;
  for (const bool kept : {true, false}) {
    const auto wanted = [&](std::size_t i) { return before.masks[1].keep[i] == 1 && keep[i] == kept; };
    std::size_t i = kept ? 0 : keep.size() - 1;
    while (!wanted(i)) kept ? ++i : --i;
    keep[i] ^= 1;
    find_weights(level.weights, level.masks[1].name).values[i] = 0;
  }
  store.write_level(level);
  CHECK_FALSE(has_faults(verify(folder.path())));
  const std::vector<FileReport> reports = verify(folder.path(), pruning_rules());
  REQUIRE(reports.size() == 5);
  CHECK(reports[4].path == store.level_path(3));
  CHECK(reports[4].faults ==
        std::vector<std::string>{
            "mask/fc2.weight: 2 weights are not as pruning the weights of level 2 gives them"});

  RunRecord run = store.read_run();
  const LevelRecord dense = store.read_level(0);
  CHECK(pruning_rules().check(run, &dense, store.read_level(1)).faults.empty());
  run.config.replace(run.config.find("rate = 0.3"), 10, "rate = 0.2");
  CHECK_THAT(pruning_rules().check(run, &dense, store.read_level(1)).faults.at(0),
             Catch::Contains("mask/fc1.weight"));
  CHECK_THROWS_WITH(pruning_settings("model = mlp:784-20-10\n"), Catch::Contains("'rate'"));
  CHECK_THROWS_WITH(pruning_settings("model = mlp:784-20-10\nrate = x\n"), Catch::Contains("'x'"));
}

TEST_CASE("What no recorded weights decide is counted, and goes on with the masks that it began with",
          "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.levels = 1;
  config.prune = PruningTime::before_training;
  config.score = Score::snip;
  Listener listener;
  listener.stop_at_level = 1;
  CHECK_THROWS_AS(run_search(config, small_data(), folder.path(), 1, listener, listener.stop), Interrupted);
  // As if another machine, whose sums round differently, had begun the level.
  RunStore store(folder.path());
  TrainingCheckpoint checkpoint = store.read_checkpoint(1);
  std::vector<std::uint8_t>& keep = checkpoint.masks[0].keep;
  const auto kept = std::ranges::find(keep, 1);
  for (Tensor& tensor : checkpoint.state)
    if (tensor.name.ends_with("fc1.weight")) tensor.values[static_cast<std::size_t>(kept - keep.begin())] = 0;
  std::swap(*std::ranges::find(keep, 0), *kept);
  store.write_checkpoint(checkpoint);
  search(config, folder);
  LevelRecord level = store.read_level(1);
  CHECK(level.masks[0].keep == keep);
  CHECK_FALSE(has_faults(verify(folder.path(), pruning_rules())));

  *std::ranges::find(level.masks[1].keep, 1) = 0;
  CHECK(pruning_rules().check(store.read_run(), nullptr, level).faults ==
        std::vector<std::string>{"mask/fc2.weight: 179 weights survive, where pruning leaves 180"});
}

TEST_CASE("A search prunes by any score, in any group, and verify recomputes what it can", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.training.steps = 10;
  config.levels = 2;
  config.rate = 0.5;
  struct Method {
    Score score;
    const char* granularity;
    PruningScope scope;
    PruningTime time;
    bool recomputed;
  };
  const Method method = GENERATE(
      Method{Score::movement, "weight", PruningScope::erk, PruningTime::after_training, true},
      Method{Score::random, "neuron", PruningScope::layerwise, PruningTime::after_training, true},
      Method{Score::large_init_large_final, "4x4", PruningScope::global, PruningTime::one_shot, true},
      Method{Score::small_init, "input", PruningScope::uniform, PruningTime::before_training, true},
      Method{Score::snip, "weight", PruningScope::global, PruningTime::before_training, false},
      Method{Score::magnitude, "2:4", PruningScope::layerwise, PruningTime::after_training, true});
  config.score = method.score;
  config.granularity = parse_granularity(method.granularity);
  config.scope = method.scope;
  config.prune = method.time;
  config.controls = {Control::inverted_mask};
  CAPTURE(config_text(config));
  const Listener listener = search(config, folder);
  const RunStore store(folder.path());
  for (std::size_t level = 1; level < listener.densities.size(); ++level) {
    const LevelRecord record = store.read_level(static_cast<unsigned>(level));
    CHECK(record.density == Approx(listener.densities[level]).margin(0.02));
    const LevelRecord inverted =
        RunStore(control_folder(folder.path(), Control::inverted_mask, 0)).read_level(record.level);
    CHECK(inverted.density == Approx(record.density).margin(0.002));
  }
  const std::vector<FileReport> reports = verify(folder.path(), pruning_rules());
  CHECK_FALSE(has_faults(reports));
  const FileReport& last = *std::ranges::find(
      reports, store.level_path(static_cast<unsigned>(listener.densities.size() - 1)), &FileReport::path);
  CHECK_THAT(last.summary, Catch::Contains(method.recomputed ? "pruning recomputed" : "survivors counted"));
  const SearchConfig read = pruning_settings(config_text(config) + extent_text(config));
  CHECK(read.score == config.score);
  CHECK(read.granularity == config.granularity);
  CHECK(read.scope == config.scope);
}

TEST_CASE("Scores that ask the network cost what they ask", "[lottery]") {
  const TemporaryFolder folder;
  SearchConfig config = small_config();
  config.training.steps = 10;
  config.densities = {0.3};
  config.prune = PruningTime::before_training;
  const auto [score, passes] = GENERATE(std::pair(Score::magnitude, 0), std::pair(Score::snip, 100),
                                        std::pair(Score::grasp, 400), std::pair(Score::synflow, 100));
  config.score = score;
  search(config, folder);
  const LevelRecord level = RunStore(folder.path()).read_level(1);
  const auto flops_per_image = [](double first, double second) { return 2 * (2 * first + 3 * second); };
  const double sparse = flops_per_image(static_cast<double>(level.masks[0].survivors()),
                                        static_cast<double>(level.masks[1].survivors()));
  CHECK(level.cost.flops == Approx(10 * 20 * sparse + passes * flops_per_image(784 * 20, 20 * 10)));
}

TEST_CASE("What scores cost is told once, however often a search is interrupted", "[lottery]") {
  const TemporaryFolder whole, broken;
  SearchConfig config = small_config();
  config.score = Score::fisher;
  config.score_images = 20;
  config.prune = GENERATE(PruningTime::after_training, PruningTime::early_bird);
  config.levels = 1;
  search(config, whole);
  Listener listener;
  listener.stop_at_level = 1;
  CHECK_THROWS_AS(run_search(config, small_data(), broken.path(), 1, listener, listener.stop), Interrupted);
  search(config, broken);
  const double flops = RunStore(whole.path()).read_summary(1).cost.flops;
  CHECK(RunStore(broken.path()).read_summary(1).cost.flops == flops);
  config.score = Score::magnitude;
  const TemporaryFolder without;
  search(config, without);
  CHECK(RunStore(without.path()).read_summary(1).cost.flops < flops);
}
