#include "ltlab/lottery/pruning_plan.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/values.h"
#include "ltlab/prune/allocation.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

using Counts = std::vector<std::size_t>;

// LeNet-300-100's layers.
std::vector<PrunableLayer> layers() {
  return {{{300, 784}, false, "fc1"}, {{100, 300}, false, "fc2"}, {{10, 100}, true, "fc3"}};
}

// Returns the survivors of each layer; the plan has one group per layer, in their order.
Counts survivors(const SearchConfig& config, unsigned level) {
  Counts counts;
  for (const PruningGroup& group : plan_level(config, layers(), level)) {
    REQUIRE(group.layers == Counts{counts.size()});
    counts.push_back(group.survivors);
  }
  return counts;
}

}  // namespace

TEST_CASE("The plan follows the paper's ladder of densities", "[lottery]") {
  SearchConfig config;
  config.levels = 30;
  config.target_density = 0.02;
  const std::vector<double> densities = planned_densities(config, {1, 28, 28}, 10);
  REQUIRE(densities.size() == 19);  // 18 rounds, as the paper's figure 4 needs to come below 2 %
  CHECK(densities[0] == 1.0);
  CHECK(densities[3] == Approx(0.513).margin(0.0005));
  CHECK(densities[7] == Approx(0.211).margin(0.0005));
  CHECK(densities[15] == Approx(0.036).margin(0.0005));
  CHECK(densities[18] < 0.02);
  config.levels.reset();  // no limit but the target
  CHECK(planned_densities(config, {1, 28, 28}, 10) == densities);
  CHECK_THAT(extent_text(config), !Catch::Contains("levels"));
}

TEST_CASE("Densities that the user gives are planned to the nearest weight", "[lottery]") {
  SearchConfig config = small_config();
  config.densities = {0.5, 0.1, 0.02};
  const double weights = 784 * 20 + 20 * 10;
  std::vector<double> planned = planned_densities(config, {1, 28, 28}, 10);
  REQUIRE(planned.size() == 4);
  for (std::size_t level = 1; level < 4; ++level)
    CHECK(planned[level] == Approx(config.densities[level - 1]).margin(1 / weights));
  // The output layer is pruned as if at half the rate of the other.
  const std::vector<PruningGroup> layers = plan_level(config, {{{20, 784}}, {{10, 20}, true}}, 2);
  const double rounds = std::log(static_cast<double>(layers[0].survivors) / 15680) / std::log(0.8);
  CHECK(static_cast<double>(layers[1].survivors) == Approx(200 * std::pow(0.9, rounds)).margin(0.51));
  config.scope = PruningScope::global;
  planned = planned_densities(config, {1, 28, 28}, 10);
  for (std::size_t level = 1; level < 4; ++level)
    CHECK(planned[level] == Approx(config.densities[level - 1]).margin(0.5 / weights));
  CHECK_THROWS_WITH(plan_level(config, {PrunableLayer{{20, 784}}}, 4), Catch::Contains("--densities"));
}

TEST_CASE("Convolutions are pruned at a rate of their own", "[lottery]") {
  SearchConfig config;
  config.model = "conv-2";
  config.convolution_rate = 0.1;
  config.output_rate = 0.1;
  config.levels = 1;
  // Figure 2 of the paper: 38 thousand weights in convolutions, 4.3 million in all.
  const double convolutions = 64 * 3 * 9 + 64 * 64 * 9, hidden = 16 * 16 * 64 * 256 + 256 * 256,
               output = 2560;
  const double kept = 0.9 * (convolutions + output) + 0.8 * hidden;
  CHECK(planned_densities(config, {3, 32, 32}, 10)[1] ==
        Approx(kept / (convolutions + hidden + output)).epsilon(1e-5));
  CHECK_THAT(config_text(config), Catch::Contains("convolution-rate = 0.1\n"));
  CHECK(pruning_settings(config_text(config)).convolution_rate == 0.1);
}

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
