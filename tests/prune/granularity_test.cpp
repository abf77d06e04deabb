#include "ltlab/prune/granularity.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

using namespace ltlab;

namespace {

using Groups = std::vector<std::uint32_t>;

Groups groups(const Shape& shape, const std::string& granularity) {
  return weight_groups(shape, parse_granularity(granularity));
}

}  // namespace

TEST_CASE("Granularities are read and told again", "[prune]") {
  for (const std::string text : {"weight", "neuron", "input", "2:4", "1:16", "4x4", "16x1"})
    CHECK(to_text(parse_granularity(text)) == text);
  CHECK(to_text(parse_granularity("filter")) == "neuron");
  CHECK(to_text(parse_granularity("channel")) == "input");
  for (const std::string text :
       {"", "wieght", "4:2", "4:4", "0:4", "2:", "x4", "4x0", "4x4x4", "-2:4", "2:4 "})
    CHECK_THROWS_AS(parse_granularity(text), ConfigError);
  CHECK_THROWS_WITH(parse_granularity("wieght"), Catch::Contains("'weight'") && Catch::Contains("2:4"));
}

TEST_CASE("Groups of a matrix", "[prune]") {
  const Shape shape{2, 3};
  CHECK(groups(shape, "weight") == Groups{0, 1, 2, 3, 4, 5});
  CHECK(groups(shape, "neuron") == Groups{0, 0, 0, 1, 1, 1});
  CHECK(groups(shape, "input") == Groups{0, 1, 2, 0, 1, 2});
  CHECK(groups(shape, "1:2") == Groups{0, 0, 1, 2, 2, 3});
  CHECK(groups({3, 5}, "2x2") == Groups{0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 3, 3, 4, 4, 5});
}

TEST_CASE("Groups of a convolution", "[prune]") {
  const Shape shape{2, 2, 1, 3};
  CHECK(groups(shape, "weight") == Groups{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(groups(shape, "filter") == Groups{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1});
  CHECK(groups(shape, "channel") == Groups{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1});
  CHECK(groups(shape, "1:2") == Groups{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
  CHECK(groups(shape, "2x2") == Groups{0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2});
}
