#include "ltlab/config/search_config.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/config/check.h"
#include "ltlab/config/config_text.h"
#include "support/small_search.h"

using namespace ltlab;
using namespace ltlab::test;

TEST_CASE("Impossible settings are refused with the option's name", "[config]") {
  const auto message = [](auto change) {
    SearchConfig config;
    change(config);
    try {
      check(config);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message([](SearchConfig&) {}).empty());
  CHECK_THAT(message([](SearchConfig& c) { c.rate = 1.0; }), Catch::Contains("--rate"));
  CHECK_THAT(message([](SearchConfig& c) { c.levels.reset(); }), Catch::Contains("--target-density"));
  CHECK_THAT(message([](SearchConfig& c) { c.training.batch = 0; }), Catch::Contains("--batch"));
  CHECK_THAT(message([](SearchConfig& c) { c.rewind_step = 50000; }), Catch::Contains("--rewind"));
  CHECK_THAT(message([](SearchConfig& c) { c.data.validation = 0; }), Catch::Contains("--validation"));
  CHECK_THAT(message([](SearchConfig& c) { c.convolution_rate = 1; }), Catch::Contains("--convolution-rate"));
  CHECK_THAT(message([](SearchConfig& c) {
               c.retraining = Retraining::fine_tuning;
               c.training.learning_rate.shape = LearningRateSchedule::Shape::cosine;
             }),
             Catch::Contains("--schedule cosine"));
  CHECK_THAT(message([](SearchConfig& c) {
               c.retraining = Retraining::learning_rate_rewinding;
               c.controls = {Control::random_mask};
             }),
             Catch::Contains("--control random-mask"));
  CHECK_THAT(message([](SearchConfig& c) { c.training.optimizer.nesterov = true; }),
             Catch::Contains("--nesterov"));
}

TEST_CASE("What --from, patterns and whole layers exclude is refused", "[config]") {
  const auto refused = [](const std::string& option, const std::function<void(SearchConfig&)>& change) {
    SearchConfig config = small_config();
    change(config);
    CHECK_THROWS_WITH(check(config), Catch::Contains(option));
  };
  refused("--rewind", [](SearchConfig& c) { c.from = "RUN", c.rewind_step = 5; });
  refused("--pretrain", [](SearchConfig& c) { c.from = "RUN", c.pretraining.steps = 5; });
  refused("inverted-mask", [](SearchConfig& c) { c.from = "RUN", c.controls = {Control::inverted_mask}; });
  refused("--densities", [](SearchConfig& c) {
    c.granularity = parse_granularity("2:4");
    c.densities = {0.5};
  });
  refused("--layer-rate fc1", [](SearchConfig& c) { c.layer_rates = {{"fc1", 0.1}}, c.densities = {0.5}; });
  refused("--layer-rate", [](SearchConfig& c) { c.layer_rates = {{"fc7", 0.1}}; });
  refused("--score-images", [](SearchConfig& c) { c.score_images = 0; });
  refused("--level-steps", [](SearchConfig& c) { c.rewind_step = 20, c.level_steps = {30, 20}; });
  refused("--level-steps", [](SearchConfig& c) { c.budget = Budget::flops, c.level_steps = {20}; });
  refused("early-bird", [](SearchConfig& c) {
    c.budget = Budget::flops;
    c.prune = PruningTime::early_bird;
  });
  refused("--rewind", [](SearchConfig& c) { c.retraining = Retraining::none, c.rewind_step = 5; });
  refused("--control", [](SearchConfig& c) {
    c.retraining = Retraining::none;
    c.controls = {Control::random_reinit};
  });
  refused("--score movement", [](SearchConfig& c) {
    c.score = Score::movement;
    c.prune = PruningTime::before_training;
  });
  refused("supermask", [](SearchConfig& c) {
    c.controls = {Control::supermask};
    c.retraining = Retraining::fine_tuning;
  });
}

TEST_CASE("Differences between configurations are named", "[config]") {
  SearchConfig a, b;
  CHECK(differences(config_text(a), config_text(b)).empty());
  b.training.steps = 10;
  b.levels = 99;  // extent, not configuration
  CHECK(differences(config_text(a), config_text(b)) ==
        std::vector<std::string>{"steps: 50000 before, 10 now"});
}
