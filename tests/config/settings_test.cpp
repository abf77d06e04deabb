#include "ltlab/config/settings.h"

#include <catch2/catch.hpp>
#include <set>

#include "ltlab/config/values.h"

using namespace ltlab;

TEST_CASE("Every setting prints what it reads, by default and otherwise", "[config]") {
  const std::map<std::string, std::string> others = {{"data", "mnist"},
                                                     {"data-dir", "somewhere"},
                                                     {"model", "lenet-5"},
                                                     {"init", "kaiming-normal"},
                                                     {"pretrain", "2ep"},
                                                     {"pretrain-data", "cifar10"},
                                                     {"budget", "flops"},
                                                     {"level-steps", "100,2ep"},
                                                     {"augment", "crop-flip"},
                                                     {"pretrain-labels", "random"},
                                                     {"optimizer", "sgd"},
                                                     {"nesterov", "true"},
                                                     {"schedule", "cosine"},
                                                     {"milestones", "10,20ep"},
                                                     {"layer-rate", "fc1=0.25,fc2=0"},
                                                     {"densities", "0.5,0.25"},
                                                     {"prune", "one-shot"},
                                                     {"gradual", "linear"},
                                                     {"set-drops", "magnitude"},
                                                     {"settling", "consecutive"},
                                                     {"wrong-sign", "negative"},
                                                     {"scope", "erk"},
                                                     {"granularity", "2:4"},
                                                     {"score", "snip"},
                                                     {"from", "/some/run"},
                                                     {"retrain", "fine-tune"},
                                                     {"retrain-order", "original"},
                                                     {"control", "sign-only,random-mask"},
                                                     {"predictions", "none"},
                                                     {"kernel", "sparse,fc3=dense"}};
  std::set<std::string> names;
  for (const Setting& setting : settings()) {
    CAPTURE(setting.name);
    CHECK(names.insert(setting.name).second);
    SearchConfig config;
    const std::string preset = setting.print(config);
    const auto other = others.find(setting.name);
    const std::string text = other != others.end() ? other->second : preset == "3" ? "4" : "3";
    CHECK(text != preset);
    setting.read(text, config);
    CHECK(setting.print(config) == text);
  }
  for (const auto& [name, unused] : others) CHECK(names.contains(name));
}

TEST_CASE("A value of another kind is refused by the option's name", "[config]") {
  const std::map<std::string, std::string> kinds = {
      {"rate", "--rate takes a number, not 'x'; see --help"},
      {"batch", "--batch takes a whole number of at most 18 digits, not 'x'; see --help"},
      {"nesterov", "--nesterov takes yes or no, not 'x'; see --help"}};
  for (const auto& [name, complaint] : kinds)
    CHECK_THROWS_WITH(read_settings({{name, {"x", SettingSource::config_file, "file: "}}}),
                      "file: " + complaint);
  CHECK_THROWS_WITH(read_settings({{"scope", {"x", SettingSource::command_line, ""}}}),
                    Catch::StartsWith("--scope: unknown "));
  for (const char* text : {"1e3", "-1", "", "1234567890123456789"})
    CHECK_THROWS_AS(read_settings({{"seed", {text, SettingSource::command_line, ""}}}), ConfigError);
  for (const char* text : {"0.5x", "", " 0.5", "0,5"})
    CHECK_THROWS_AS(read_settings({{"rate", {text, SettingSource::command_line, ""}}}), ConfigError);
}

TEST_CASE("A setting that would change nothing is refused where it was given, not where it was stored",
          "[config]") {
  const auto refused = [](SettingSource momentum, SettingSource optimizer) {
    const GivenSettings given = {{"momentum", {"0.9", momentum, ""}}, {"optimizer", {"adam", optimizer, ""}}};
    try {
      refuse_ignored(given, read_settings(given));
      return false;
    } catch (const ConfigError& error) {
      CHECK(std::string(error.what()) ==
            "--momentum is for --optimizer sgd, and the optimizer is adam: it would change nothing; leave it "
            "out");
      return true;
    }
  };
  using enum SettingSource;
  CHECK(refused(command_line, command_line));
  CHECK(refused(command_line, preset));
  CHECK(refused(config_file, config_file));
  CHECK_FALSE(refused(config_file, command_line));
  CHECK_FALSE(refused(preset, command_line));
  CHECK_FALSE(refused(run, run));
}

TEST_CASE("Where a default is not what earlier versions did, a run without the line keeps what they did",
          "[config]") {
  const auto drops = [](SettingSource source) {
    return read_settings({{"prune", {"set", source, ""}}}).set_drops;
  };
  CHECK(drops(SettingSource::command_line) == SetDrops::by_sign);
  CHECK(drops(SettingSource::config_file) == SetDrops::by_sign);
  CHECK(drops(SettingSource::run) == SetDrops::magnitude);
  for (const auto& [name, value] :
       {std::pair("by-sign", SetDrops::by_sign), std::pair("magnitude", SetDrops::magnitude)}) {
    const GivenSettings asked = {{"prune", {"set", SettingSource::command_line, ""}},
                                 {"set-drops", {name, SettingSource::command_line, ""}}};
    CHECK(read_settings(asked).set_drops == value);
  }
  const GivenSettings both = {{"prune", {"set", SettingSource::run, ""}},
                              {"set-drops", {"by-sign", SettingSource::run, ""}}};
  CHECK(read_settings(both).set_drops == SetDrops::by_sign);
}

TEST_CASE("What a run does not store does not decide its results", "[config]") {
  const GivenSettings given = {{"scope", {"uniform", SettingSource::command_line, ""}},
                               {"output-rate", {"0", SettingSource::config_file, ""}},
                               {"trials", {"3", SettingSource::config_file, ""}},
                               {"rate", {"0.5", SettingSource::config_file, ""}}};
  const SearchConfig config = read_settings(given);
  CHECK(config.rate == 0.5);
  CHECK_FALSE(config.output_rate);
  CHECK(config.trials == 1);
}
