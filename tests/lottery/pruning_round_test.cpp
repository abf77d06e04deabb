#include "ltlab/lottery/pruning_round.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/config/values.h"
#include "ltlab/lottery/network_scores.h"
#include "ltlab/nn/models.h"
#include "ltlab/prune/allocation.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

using Counts = std::vector<std::size_t>;

// LeNet-300-100's layers.
std::vector<PrunableLayer> layers() {
  return {{{300, 784}, false, "fc1"}, {{100, 300}, false, "fc2"}, {{10, 100}, true, "fc3"}};
}

// Of layers 0, 1, ..., each in a group of its own.
Counts survivors(const SearchConfig& config, unsigned level) {
  Counts counts;
  for (const PruningGroup& group : plan_level(config, layers(), level)) {
    REQUIRE(group.layers == Counts{counts.size()});
    counts.push_back(group.survivors);
  }
  return counts;
}

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

TEST_CASE("Single layers have rates of their own", "[lottery]") {
  SearchConfig config;
  config.layer_rates = {{"fc2", 0.5}, {"fc3", 0}};
  CHECK(survivors(config, 1) == Counts{188160, 15000, 1000});
  CHECK(survivors(config, 2) == Counts{150528, 7500, 1000});
  config.scope = PruningScope::global;
  config.layer_rates = {{"fc3", 0.2}};
  CHECK(plan_level(config, layers(), 1).size() == 1);
  CHECK(parse_layer_rates("fc2=0.5,fc3=0") == std::map<std::string, double>{{"fc2", 0.5}, {"fc3", 0}});
  for (const char* wrong : {"", "fc2", "fc2=", "fc2=1", "fc2=-0.1", "fc2=0.1,fc2=0.2", "fc2=0.1 fc3=0.2"})
    CHECK_THROWS_AS(parse_layer_rates(wrong), ConfigError);
}

TEST_CASE("Uniform and Erdős–Rényi scopes share what one rate leaves, or a density", "[lottery]") {
  SearchConfig config;
  config.scope = PruningScope::uniform;
  CHECK(survivors(config, 1) == Counts{188160, 24000, 800});
  config.densities = {0.1};
  CHECK(survivors(config, 1) == Counts{23520, 3000, 100});
  config.layer_rates = {{"fc3", 0}};  // whole, and the others keep 25620 of 265200
  CHECK(survivors(config, 1) == Counts{22722, 2898, 1000});
  config.scope = PruningScope::erk;
  CHECK(survivors(config, 1) == [] {
    Counts kept = keep_by_erdos_renyi({{300, 784}, {100, 300}}, 25620);
    kept.push_back(1000);
    return kept;
  }());
  config.densities = {0.001};
  CHECK_THROWS_WITH(plan_level(config, layers(), 1), Catch::Contains("--densities"));
}

TEST_CASE("A layer that stays whole counts in the density, whatever the scope", "[lottery]") {
  SearchConfig config;
  config.layer_rates = {{"fc1", 0}};
  config.densities = {0.95};
  const std::size_t wanted = 252890;
  for (const PruningScope scope :
       {PruningScope::layerwise, PruningScope::global, PruningScope::uniform, PruningScope::erk}) {
    config.scope = scope;
    std::size_t all = 0;
    for (const PruningGroup& group : plan_level(config, layers(), 1)) {
      all += group.survivors;
      if (group.layers.front() == 0) CHECK(group.survivors == 235200);
    }
    CHECK(std::abs(static_cast<double>(all) - static_cast<double>(wanted)) <= 1);
  }
}

TEST_CASE("A pattern has one density, and neurons of the output layer stay", "[lottery]") {
  SearchConfig config;
  config.granularity = parse_granularity("2:4");
  config.layer_rates = {{"fc3", 0}};
  CHECK(survivors(config, 1) == Counts{117600, 15000, 1000});
  CHECK(survivors(config, 2) == survivors(config, 1));
  config.model = "lenet-300-100";
  config.layer_rates.clear();
  CHECK(planned_densities(config, {1, 28, 28}, 10) == std::vector<double>{1, 0.5});
  config.granularity = parse_granularity("3:8");  // 100 = 12 * 8 + 4
  CHECK(survivors(config, 1)[2] == 10 * (12 * 3 + 3));
  config.granularity = parse_granularity("neuron");
  CHECK(survivors(config, 1) == Counts{188160, 24000, 1000});
}

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

TEST_CASE("Every plan leaves each layer the least that it shall keep", "[lottery]") {
  for (const PruningScope scope :
       {PruningScope::layerwise, PruningScope::global, PruningScope::uniform, PruningScope::erk}) {
    for (const bool densities : {false, true}) {
      SearchConfig config;
      config.scope = scope;
      config.rate = 0.9;
      config.min_survivors = 40;
      if (densities) config.densities = {0.1, 0.001};
      CAPTURE(pruning_scope_names().name(scope), densities);
      for (const unsigned level : {1u, 2u}) {
        const std::vector<PruningGroup> plan = plan_level(config, layers(), level);
        std::size_t kept = 0;
        for (const PruningGroup& group : plan) {
          CHECK(group.survivors >= 40 * group.layers.size());
          CHECK(group.least == 40);
          kept += group.survivors;
        }
        // All together still keep what was asked for.
        if (densities && level == 2 && scope != PruningScope::layerwise) CHECK(kept == 266);
      }
      config.min_survivors = 0;
      const std::vector<PruningGroup> without = plan_level(config, layers(), 1);
      config.min_survivors = 1;
      const std::vector<PruningGroup> with = plan_level(config, layers(), 1);
      for (std::size_t g = 0; g < with.size(); ++g) CHECK(with[g].survivors == without[g].survivors);
      config.min_survivors = 5000;  // all of the output layer's thousand
      if (densities) config.densities = {0.1};
      CHECK(plan_level(config, layers(), 1).back().survivors >= 1000);
    }
  }
  SearchConfig config;
  config.densities = {0.0001};
  config.min_survivors = 40;
  CHECK_THROWS_WITH(plan_level(config, layers(), 1), Catch::Contains("--min-survivors"));
}
