#pragma once

#include <boost/any.hpp>
#include <boost/program_options.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace ltlab::app {

/// The arguments after the command's name.
using Arguments = std::vector<std::string>;

/// The value of an option that takes a whole number: "-1" or "1e3" are refused rather than wrapped or cut.
struct Count {
  std::uint64_t value = 0;
};

/// Called by program_options.
void validate(boost::any& value, const std::vector<std::string>& words, Count*, int);

/// Parses `arguments` against `options` and `positional`. No prefix guessing: an option is named whole.
/// Throws ConfigError for an unknown option (with the nearest valid name) or a malformed value.
boost::program_options::variables_map parse_arguments(
    const Arguments& arguments, const boost::program_options::options_description& options,
    const boost::program_options::positional_options_description& positional = {});

/// The same, with any number of words besides the options, which become a std::vector<std::string> `words`.
boost::program_options::variables_map parse_arguments(
    const Arguments& arguments, const boost::program_options::options_description& options,
    const char* words);

/// Returns the text of the file given to --config. ConfigError where there is no such file; DataError or
/// IoError where it cannot be read.
std::string read_config_file(const std::string& path);

/// Throws ConfigError, which begins with `where`, for a name that is not one of `options`, with the nearest
/// one, or that is allowed `on_command_line` only.
[[noreturn]] void refuse_name(const std::string& name, const std::string& where,
                              const boost::program_options::options_description& on_command_line,
                              const boost::program_options::options_description& options);

}  // namespace ltlab::app
