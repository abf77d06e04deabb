#include "ltlab/base/json_file.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>

#include "support/temporary_folder.h"

using namespace ltlab;
using Catch::Contains;

namespace {

TEST_CASE("A document may be nested a hundred deep, and no deeper", "[json]") {
  const auto nested = [](std::size_t deep) { return std::string(deep, '[') + std::string(deep, ']'); };
  CHECK(parse_json(nested(100)).size() == 1);
  CHECK_THROWS_AS(parse_json(nested(102)), DataError);
  CHECK_THROWS_AS(parse_json(nested(2'000'000)), DataError);
}

TEST_CASE("A whole number has neither sign nor fraction, and fits its type", "[json]") {
  CHECK(whole_number<unsigned>(parse_json("7")) == 7);
  CHECK(whole_number<std::uint64_t>(parse_json("18446744073709551615")) == 18446744073709551615u);
  for (const char* other : {"-1", "1.5", "1e300", "1.0", "4294967296", "\"7\"", "null", "[7]"})
    CHECK_THROWS_AS(whole_number<unsigned>(parse_json(other)), DataError);
}

TEST_CASE("A file that is none of its kind is named, with what is wrong", "[json]") {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "file.json";
  const auto read = [&](const std::string& text) {
    std::ofstream(path) << text;
    return read_json(path, "sample", 1000, [](const nlohmann::ordered_json& json) {
      return whole_number<unsigned>(json.at("count"));
    });
  };
  CHECK(read("{\"count\": 3}") == 3);
  CHECK_THROWS_WITH(read("{\"count\": -3}"),
                    Contains("file.json' is no sample: it has -3 where a whole number belongs"));
  CHECK_THROWS_WITH(read("{}"), Contains("key 'count' not found"));
  CHECK_THROWS_WITH(read("<html>"), Contains("is no sample") && Contains("parse error"));
  CHECK_THROWS_AS(read("{\"count\": \"" + std::string(2000, 'x') + "\"}"), DataError);
}

}  // namespace
