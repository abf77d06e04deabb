#include "terminal.h"

#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace ltlab::app {
namespace {

struct Character {
  std::size_t bytes = 1, width = 1;
};

// Returns the character that begins at text[at]; a byte that is not UTF-8 is a character of its own.
Character character_at(const std::string& text, std::size_t at) {
  static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = uselocale(utf8);
  mbstate_t state{};
  wchar_t wide = 0;
  const std::size_t bytes = mbrtowc(&wide, text.data() + at, text.size() - at, &state);
  const int width = wcwidth(wide);
  uselocale(before);
  if (bytes == 0 || bytes > text.size()) return {};
  return {bytes, static_cast<std::size_t>(std::max(0, width))};
}

// Returns the bytes of the longest beginning of text[from, to) at most `width` wide, at least one character.
std::size_t fitting(const std::string& text, std::size_t from, std::size_t to, std::size_t width) {
  std::size_t at = from, used = 0;
  while (at < to) {
    const Character next = character_at(text, at);
    if (at > from && used + next.width > width) break;
    used += next.width;
    at += next.bytes;
  }
  return at - from;
}

void wrap_line(const std::string& line, std::size_t width, std::vector<std::string>& lines) {
  for (std::size_t from = 0;;) {
    const std::size_t end = from + fitting(line, from, line.size(), width);
    if (end >= line.size()) return lines.push_back(line.substr(from));
    const std::size_t blank = line.find_last_of(' ', end);
    const std::size_t last = blank == std::string::npos ? blank : line.find_last_not_of(' ', blank);
    const bool inside = last == std::string::npos || last < from;  // a word longer than a line
    lines.push_back(line.substr(from, (inside ? end : last + 1) - from));
    from = inside ? end : line.find_first_not_of(' ', blank);
    if (from == std::string::npos) return;
  }
}

}  // namespace

std::size_t terminal_columns(int descriptor) {
  if (isatty(descriptor) != 1) return kNoLimit;
  const char* const wanted = std::getenv("COLUMNS");
  if (const auto columns = std::strtoul(wanted ? wanted : "", nullptr, 10); columns > 0) return columns;
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kNoLimit;
}

std::size_t line_width(const std::ostream& out) {
  return &out == &std::cout ? terminal_columns(STDOUT_FILENO) : kNoLimit;
}

std::size_t display_width(const std::string& text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character next = character_at(text, at);
    width += next.width;
    at += next.bytes;
  }
  return width;
}

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  for (std::size_t from = 0, to = 0; to != std::string::npos; from = to + 1) {
    to = text.find('\n', from);
    wrap_line(text.substr(from, to - from), std::max<std::size_t>(1, width), lines);
  }
  return lines;
}

void print_line(std::ostream& out, const std::string& text, std::size_t indent) {
  const std::size_t width = line_width(out);
  if (display_width(text) <= width) {
    out << text << '\n';
    return;
  }
  const std::size_t left = width > 2 * indent ? indent : 0;
  std::string before;
  for (const std::string& line : wrapped(text, width - left)) {
    out << before << line << '\n';
    before.assign(left, ' ');
  }
}

void wipe_line() {
  constexpr std::string_view kWipe = "\r\033[K";
  static_cast<void>(!::write(STDERR_FILENO, kWipe.data(), kWipe.size()));  // past PlainOutput
}

void ProgressLine::show(const std::string& text) {
  if (!terminal_ || text == shown_) return;
  wipe_line();
  std::cerr << text.substr(0, fitting(text, 0, text.size(), columns_ - 1)) << std::flush;
  shown_ = text;
}

void ProgressLine::end() {
  if (!shown_.empty()) wipe_line();
  shown_.clear();
}

}  // namespace ltlab::app
