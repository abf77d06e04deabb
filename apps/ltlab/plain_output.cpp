#include "plain_output.h"

#include <string_view>

namespace ltlab::app {
namespace {

bool is_control(unsigned char c) {
  return (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
}

// Returns whether U+0080 to U+009F begins at `at`; terminals obey these as well.
bool is_long_control(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  return at + 1 < text.size() && byte(at) == 0xc2 && byte(at + 1) >= 0x80 && byte(at + 1) < 0xa0;
}

// Passes text on at once, so that lines of several threads stay whole, and allocates nothing: the message may
// be that memory has run out.
class PlainBuffer : public std::streambuf {
 public:
  explicit PlainBuffer(std::streambuf& to) : to_(to) {}

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char letter = traits_type::to_char_type(c);
    return xsputn(&letter, 1) == 1 ? c : traits_type::eof();
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    const std::string_view all(text, static_cast<std::size_t>(size));
    std::size_t begin = 0;  // of the text not written yet
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool is_long = is_long_control(all, i);
      if (!is_long && !is_control(static_cast<unsigned char>(all[i]))) continue;
      if (!write(all.substr(begin, i - begin))) return 0;
      if (is_long) ++i;
      if (!write_escaped(static_cast<unsigned char>(all[i]))) return 0;
      begin = i + 1;
    }
    return write(all.substr(begin)) ? size : 0;
  }
  int sync() override { return to_.pubsync(); }

 private:
  bool write(std::string_view text) {
    const auto wanted = static_cast<std::streamsize>(text.size());
    return to_.sputn(text.data(), wanted) == wanted;
  }
  bool write_escaped(unsigned char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const char escape[] = {'\\', 'x', kDigits[c / 16], kDigits[c % 16]};
    return write({escape, sizeof escape});
  }

  std::streambuf& to_;
};

}  // namespace

PlainOutput::PlainOutput(std::ostream& stream)
    : stream_(stream), before_(stream.rdbuf()), plain_(std::make_unique<PlainBuffer>(*before_)) {
  stream_.rdbuf(plain_.get());
}

PlainOutput::~PlainOutput() {
  stream_.rdbuf(before_);
}

}  // namespace ltlab::app
