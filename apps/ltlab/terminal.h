#pragma once

#include <unistd.h>

#include <cstddef>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

namespace ltlab::app {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// Returns the columns of the terminal behind the file descriptor, from $COLUMNS where that is set; kNoLimit
/// where it is not a terminal.
std::size_t terminal_columns(int descriptor);

/// Returns how many characters a line of `out` may have: the terminal's columns where `out` is standard
/// output, else kNoLimit.
std::size_t line_width(const std::ostream& out);

/// Returns a terminal's columns for UTF-8 text: none for combining accents, two for a Chinese character.
std::size_t display_width(const std::string& text);

/// Returns lines of at most `width` columns: broken where the text is, at blanks, or inside a longer word.
std::vector<std::string> wrapped(const std::string& text, std::size_t width);

/// Prints a line; where it is wider than the terminal, it continues below, `indent` columns to the right.
void print_line(std::ostream& out, const std::string& text, std::size_t indent = 0);

/// Wipes the line of standard error, a terminal, that was last printed without a line break.
void wipe_line();

/// One line of standard error that rewrites itself and is gone at the end; nothing without a terminal.
class ProgressLine {
 public:
  ~ProgressLine() { end(); }

  /// Shows as much of the beginning of `text` as fits the terminal.
  void show(const std::string& text);
  /// Wipes the line.
  void end();

 private:
  std::size_t columns_ = terminal_columns(STDERR_FILENO);
  bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::string shown_;
};

}  // namespace ltlab::app
