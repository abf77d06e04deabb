#include "ltlab/base/text.h"

#include <catch2/catch.hpp>
#include <string>

#include "ltlab/base/random.h"

using namespace ltlab;
using Words = std::vector<std::string>;

namespace {

Words by_stream(const std::string& text, char separator) {
  std::istringstream in(text);
  Words parts;
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

Words words_by_stream(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

TEST_CASE("Texts are split as the standard library's streams split them", "[base]") {
  CHECK(split("", ',').empty());
  CHECK(split("a", ',') == Words{"a"});
  CHECK(split("a,,b,", ',') == Words{"a", "", "b"});
  CHECK(split(",", ',') == Words{""});
  CHECK(split_words(" \n").empty());
  CHECK(split_words(" conv  16\trelu\n") == Words{"conv", "16", "relu"});
  RandomStream random({1, "text"});
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (std::size_t letters = random.below(12); letters > 0; --letters) text += "ab, \n\t"[random.below(6)];
    REQUIRE(split(text, ',') == by_stream(text, ','));
    REQUIRE(split(text, '\n') == by_stream(text, '\n'));
    REQUIRE(split_words(text) == words_by_stream(text));
  }
}

TEST_CASE("A text stream throws what its letters throw", "[base]") {
  struct Thrower : std::streambuf {
    int_type overflow(int_type) override { throw std::bad_alloc(); }
  } thrower;
  TextStream text;
  static_cast<std::ostream&>(text).rdbuf(&thrower);
  CHECK_THROWS_AS(text << "more", std::bad_alloc);
}
