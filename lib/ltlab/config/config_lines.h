#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ltlab {

/// Names of settings with their values, in the order of a text.
using ConfigLines = std::vector<std::pair<std::string, std::string>>;

/// A line `name = value` of a config text as runs store it: the value is all that follows " = ", whatever it
/// is, but for one that holds a line break or begins with a quotation mark, which is quoted().
std::string stored_line(const std::string& name, const std::string& value);

/// The lines of a stored config text; what is no such line is left out. ConfigError for a quotation without
/// its end.
ConfigLines stored_lines(const std::string& text);

/// The lines of a text that people write, the format of --config: `#` begins a comment, blanks around names
/// and values count for nothing, a value in quotation marks is quoted(), and `[a]` puts "a." before the names
/// that follow. ConfigError, with the line's number, for a line that is none, or without a value.
ConfigLines written_lines(const std::string& text);

/// A stored config text in the format of --config, which gives the same values.
std::string as_written(const std::string& stored);

/// The value between quotation marks, with \\ for a backslash, \" for a quotation mark, \n for a line break.
std::string quoted(const std::string& value);

}  // namespace ltlab
