#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ltlab {

// Streams of the standard library take a failed allocation for the end of a text, in silence. What reads or
// makes a text goes by these instead.

/// Returns the parts between separators. An empty one at the end is left out, so that an empty text has none.
std::vector<std::string> split(std::string_view text, char separator);

/// Returns the words between blanks and line breaks.
std::vector<std::string> split_words(std::string_view text);

/// Returns the text without blanks and line breaks at its ends.
std::string trimmed(std::string_view text);

/// A std::ostringstream that throws std::bad_alloc where memory runs out.
class TextStream : public std::ostringstream {
 public:
  TextStream() { exceptions(std::ios::badbit); }
};

}  // namespace ltlab
