#include "ltlab/config/config_lines.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/config/config_text.h"

using namespace ltlab;

namespace {

// Of characters that mean something somewhere, and some bytes that are no text.
std::string hostile_value(RandomStream& random) {
  const std::string characters = "ab #\"\\\n\t\r=;:,'[]n.\xc3\xbc\xff";
  std::string value;
  for (std::uint64_t size = random.below(12); value.size() < size;)
    value += characters[random.below(characters.size())];
  return value;
}

}  // namespace

TEST_CASE("Whatever a value is, config texts give it back", "[config]") {
  RandomStream random({1, "config-lines"});
  for (int i = 0; i < 20000; ++i) {
    const ConfigLines lines{{"data", hostile_value(random)}, {"from", hostile_value(random)}, {"seed", "3"}};
    std::string stored;
    for (const auto& [name, value] : lines) stored += stored_line(name, value);
    INFO(stored);
    REQUIRE(stored_lines(stored) == lines);
    REQUIRE(written_lines(as_written(stored)) == lines);
  }
}

TEST_CASE("A search's config text holds every path, as runs from before do", "[config]") {
  for (const std::string path : {"a#b", " a ", "a = b", "\"a\"", "a\nb", "a\\", "ümlaut"}) {
    SearchConfig config;
    config.data.source = "h5:" + path + ":/images,/labels";
    SearchConfig pretrained = config;
    pretrained.pretraining.steps = 5;
    pretrained.pretraining.source = config.data.source;
    CHECK(setting(config_text(pretrained), "pretrain-data") == config.data.source);
    config.from = "/" + path;
    const std::string text = config_text(config);
    CHECK(setting(text, "data") == config.data.source);
    CHECK(setting(text, "from") == config.from);
    CHECK(pruning_settings(text + extent_text(config)).from == config.from);
    CHECK(differences(text, text).empty());
    // What identifies a run from before stays.
    if (path.find('\n') == std::string::npos) CHECK(text.starts_with("data = " + config.data.source + "\n"));
  }
  CHECK(stored_line("from", "/a#b ") == "from = /a#b \n");
  CHECK(stored_line("from", "/a\nb") == "from = \"/a\\nb\"\n");
}

TEST_CASE("A written config has comments, sections and quotation marks", "[config]") {
  const ConfigLines lines = written_lines(
      "# a search\n\n rate=0.5# of all\nfrom = \"a # \\\"b\\\"\\\\\" # c\nlayer-rate = "
      "fc1=0.3\n[variant.late]\nrewind = 5\r\n");
  CHECK(lines == ConfigLines{{"rate", "0.5"},
                             {"from", "a # \"b\"\\"},
                             {"layer-rate", "fc1=0.3"},
                             {"variant.late.rewind", "5"}});
  CHECK_THROWS_WITH(written_lines("a = 1\nb"), Catch::Contains("line 2: 'b' is no setting"));
  CHECK_THROWS_WITH(written_lines(" = 1"), Catch::Contains("line 1: '= 1' is no setting"));
  CHECK_THROWS_AS(written_lines("a = \"b"), ConfigError);
  CHECK_THROWS_AS(written_lines("a = \"b\" c"), ConfigError);
  CHECK_THROWS_AS(written_lines("a = \"\\c\""), ConfigError);
  CHECK_THROWS_AS(stored_lines("from = \"b"), ConfigError);
}
