#pragma once

#include <boost/any.hpp>
#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/base/error.h"

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

/// Returns the semantics of an option that takes a whole number and writes it to `to`.
template <class Number>
auto count_to(Number& to) {
  return boost::program_options::value<Count>()->notifier([&to](const Count& given) { to = given.value; });
}

/// Prints a command's usage and its options where --help asks for them, and returns whether it does.
bool print_help(const boost::program_options::variables_map& values, const char* usage,
                const boost::program_options::options_description& options);

/// The ways to print a result: for people, as one JSON document, as a table of CSV.
enum class Output { text, json, csv };

/// Returns what --json and --csv ask for. ConfigError, which names the command, where both are given.
Output parse_output(const boost::program_options::variables_map& values, const std::string& command);

/// Returns the text of the file given to --config. ConfigError where there is no such file; DataError or
/// IoError where it cannot be read.
std::string read_config_file(const std::string& path);

/// Checks before anything is measured that a file may be written at `out`, the value of --out. ConfigError
/// where there is one already and `force` is not set, where something else is in its place (a folder, a
/// symbolic link, a device, a run's file), or where its folder is not a folder.
void check_output_file(const std::filesystem::path& out, bool force);

/// Returns what `read` returns; its ConfigErrors then begin with `where`.
template <class Read>
auto located(const std::string& where, const Read& read) {
  try {
    return read();
  } catch (const ConfigError& error) {
    throw ConfigError(where + error.what());
  }
}

/// Throws ConfigError, which begins with `where`, for a name that is not one of `options`, with the nearest
/// one, or that is allowed `on_command_line` only.
[[noreturn]] void refuse_name(const std::string& name, const std::string& where,
                              const boost::program_options::options_description& on_command_line,
                              const boost::program_options::options_description& options);

/// Throws ConfigError, naming the option, unless 0 < value < 1.
void require_fraction(const char* name, double value);

}  // namespace ltlab::app
