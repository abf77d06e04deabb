#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ltlab {

/// Names of settings with their values, in the order of a text.
using ConfigLines = std::vector<std::pair<std::string, std::string>>;

/// Returns a line `name = value` of a config text as runs store it: the value is everything after " = ", but
/// a value that holds a line break or begins with a quotation mark is quoted().
std::string stored_line(const std::string& name, const std::string& value);

/// Returns the lines of a stored config text, leaving out any of another form. ConfigError for a quotation
/// without its end.
ConfigLines stored_lines(const std::string& text);

/// Returns the lines of a text that people write, the format of --config: `#` begins a comment, blanks around
/// names and values are ignored, a value in quotation marks is quoted(), and `[a]` puts "a." before the names
/// that follow. ConfigError, with the line's number, for a malformed line, or one without a value.
ConfigLines written_lines(const std::string& text);

/// Returns a stored config text in the format of --config, with the same values.
std::string as_written(const std::string& stored);

/// Returns the value in quotation marks, with \\ for a backslash, \" for a quotation mark, \n for a break.
std::string quoted(const std::string& value);

}  // namespace ltlab
