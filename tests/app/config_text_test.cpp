// A run is known by the SHA-256 of its config text: what one command line means never changes.
#include "ltlab/config/config_text.h"

#include <boost/program_options/parsers.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "ltlab/config/check.h"
#include "ltlab/config/config_lines.h"
#include "ltlab/config/settings.h"
#include "search_options.h"

namespace ltlab::app {
namespace {

// One search of config_texts.txt: a line "$ ltlab search OPTION...", what its run.h5 says that decides its
// results, a line "--", and how far it goes.
struct Example {
  std::string options, config, extent;
};

std::vector<Example> examples() {
  std::ifstream file(LTLAB_TESTS "/app/config_texts.txt");
  const std::string start = "$ ltlab search ";
  std::vector<Example> found;
  bool in_extent = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(start)) {
      found.push_back({line.substr(start.size()), "", ""});
      in_extent = false;
    } else if (line == "--") {
      in_extent = true;
    } else if (!line.empty()) {
      (in_extent ? found.back().extent : found.back().config) += line + "\n";
    }
  }
  return found;
}

TEST_CASE("A command line means the config text that it always meant", "[app]") {
  constexpr std::size_t kImages = 1000;
  const std::vector<Example> all = examples();
  REQUIRE(all.size() > 50);
  for (const Example& example : all) {
    CAPTURE(example.options);
    const Arguments words = boost::program_options::split_unix(example.options);
    const SearchConfig config = in_steps(parse_search(words).config, kImages, kImages);
    CHECK(config_text(config) == example.config);
    CHECK(extent_text(config) == example.extent);
  }
}

TEST_CASE("A stored config reads back as the same config", "[app]") {
  for (const Example& example : examples()) {
    CAPTURE(example.options);
    GivenSettings given;
    for (const auto& [name, text] : stored_lines(example.config + example.extent))
      given[name] = {text, SettingSource::run, ""};
    if (given["data"].text.starts_with("h5:")) continue;  // its folder is stored beside the config
    const SearchConfig config = read_settings(given);
    CHECK(config_text(config) == example.config);
    CHECK(extent_text(config) == example.extent);
  }
}

}  // namespace
}  // namespace ltlab::app
