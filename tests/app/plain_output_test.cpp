#include "plain_output.h"

#include <catch2/catch.hpp>
#include <iomanip>
#include <sstream>

using namespace ltlab::app;

namespace {

std::string printed(const std::string& text) {
  std::ostringstream out;
  {
    const PlainOutput plain(out);
    out << text;
  }
  return out.str();
}

}  // namespace

TEST_CASE("Control characters are printed as what they are", "[app]") {
  CHECK(printed("\x1b[31mred\r\a\x7f") == "\\x1b[31mred\\x0d\\x07\\x7f");
  CHECK(printed(std::string("nul\0", 4)) == "nul\\x00");
  CHECK(printed("\xc2\x9b"
                "31m") == "\\x9b31m");  // CSI as one character
}

TEST_CASE("Text of any language stays as it is, with its lines and tabs", "[app]") {
  const std::string text = "grüße\tÀ 重 – ×\n\xc2\xa0\xff\n";
  CHECK(printed(text) == text);
}

TEST_CASE("Streams write, pad and fail through plain output", "[app]") {
  std::ostringstream out;
  {
    const PlainOutput plain(out);
    out << std::setw(4) << 'x' << '\x1b' << 1.5 << std::flush;
    CHECK(out.good());
  }
  CHECK(out.str() == "   x\\x1b1.5");
  out << '\x1b';
  CHECK(out.str().back() == '\x1b');
}
