#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <vector>

namespace ltlab::app {

/// The arguments after the command's name.
using Arguments = std::vector<std::string>;

/// Parses `arguments` against `options` and `positional`. No prefix guessing: an option is named whole.
/// Throws ConfigError for an unknown option (with the nearest valid name) or a malformed value.
boost::program_options::variables_map parse_arguments(
    const Arguments& arguments, const boost::program_options::options_description& options,
    const boost::program_options::positional_options_description& positional = {});

/// Adds to `values` what the file sets and the command line did not. Same errors, which also name the file,
/// and tell of an option of `command_line_only` that it is one.
void parse_config_file(const std::string& path, const boost::program_options::options_description& options,
                       const boost::program_options::options_description& command_line_only,
                       boost::program_options::variables_map& values);

}  // namespace ltlab::app
