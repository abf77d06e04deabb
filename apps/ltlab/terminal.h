#pragma once

#include <unistd.h>

#include <cstddef>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

namespace ltlab::app {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// Columns of the terminal that the file descriptor is, by $COLUMNS where that is set; kNoLimit where it is
/// none.
std::size_t terminal_columns(int descriptor);

/// Characters that a line of `out` may have: the terminal's columns where `out` is standard output, else
/// kNoLimit.
std::size_t line_width(const std::ostream& out);

/// Columns that a terminal gives UTF-8 text: none for accents that combine, two for a Chinese character.
std::size_t display_width(const std::string& text);

/// Lines of at most `width` columns: broken at blanks, or inside a word that is longer; and where the text
/// is.
std::vector<std::string> wrapped(const std::string& text, std::size_t width);

/// Prints a line, continued below, `indent` columns to the right, where it is wider than the terminal.
void print_line(std::ostream& out, const std::string& text, std::size_t indent = 0);

/// Wipes the line of standard error, a terminal, that was printed last without a line break.
void wipe_line();

/// One line of standard error that rewrites itself and is gone at the end; nothing where that is no terminal.
class ProgressLine {
 public:
  ~ProgressLine() { end(); }

  /// Shows the beginning of `text` that the terminal holds.
  void show(const std::string& text);
  /// Wipes the line.
  void end();

 private:
  std::size_t columns_ = terminal_columns(STDERR_FILENO);
  bool terminal_ = isatty(STDERR_FILENO) == 1;
  std::string shown_;
};

}  // namespace ltlab::app
