#include "command_line.h"

#include <algorithm>
#include <iostream>

#include "ltlab/base/names.h"
#include "ltlab/base/regular_file.h"
#include "ltlab/config/values.h"
#include "ltlab/store/run_store.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

std::vector<std::string> option_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back(option->long_name());
  return names;
}

std::string strip_dashes(const std::string& name) {
  const auto first = name.find_first_not_of('-');
  return first == std::string::npos ? std::string() : name.substr(first);
}

ConfigError unknown_option(const std::string& where, const std::string& name,
                           const po::options_description& options) {
  return ConfigError(where + "unknown option '" + name + "'" + suggestion(name, option_names(options)) +
                     "; --help lists all options");
}

bool has_option(const po::options_description& options, const std::string& name) {
  return std::ranges::any_of(options.options(),
                             [&](const auto& option) { return option->long_name() == name; });
}

// The error for a word that is not a Count.
struct NoCount : po::error_with_option_name {
  NoCount() : error_with_option_name("") {}
};

std::string syntax_fault(const po::invalid_syntax& error) {
  using Syntax = po::invalid_syntax;
  if (error.kind() == Syntax::missing_parameter || error.kind() == Syntax::empty_adjacent_parameter)
    return " takes a value";
  const bool given =
      error.kind() == Syntax::long_adjacent_not_allowed || error.kind() == Syntax::extra_parameter;
  return given ? " takes no value" : " is not written so";
}

// Turns Boost's exceptions into ConfigErrors that suggest the name probably meant. Their what() fills the
// user's words into a template, and never ends where these hold one of its fields, such as %value%.
po::parsed_options parse_or_explain(po::command_line_parser& parser, const po::options_description& options) {
  try {
    return parser.run();
  } catch (const po::unknown_option& error) {
    throw unknown_option("", strip_dashes(error.get_option_name()), options);
  } catch (const po::too_many_positional_options_error&) {
    throw ConfigError("too many words that belong to no option: options begin with --; see --help");
  } catch (const po::invalid_syntax& error) {
    const std::string name = strip_dashes(error.get_option_name());
    if (!has_option(options, name)) throw unknown_option("", name, options);
    throw ConfigError("--" + name + syntax_fault(error) + "; see --help");
  }
}

ConfigError wrong_word(const po::parsed_options& parsed, const std::string& option, const std::string& kind) {
  const std::string name = strip_dashes(option);
  const auto found = std::ranges::find(parsed.options, name, &po::option::string_key);
  const bool given = found != parsed.options.end() && !found->value.empty();
  return wrong_value(name, kind, given ? found->value.front() : "");
}

void store_or_explain(const po::parsed_options& parsed, po::variables_map& values) {
  try {
    po::store(parsed, values);
    po::notify(values);
  } catch (const NoCount& error) {
    throw wrong_word(parsed, error.get_option_name(), kWholeNumber);
  } catch (const po::validation_error& error) {
    throw wrong_word(parsed, error.get_option_name(), "a number");
  } catch (const po::multiple_occurrences& error) {
    throw ConfigError(std::string(error.what()) + "; see --help");
  }
}

}  // namespace

void validate(boost::any& value, const std::vector<std::string>& words, Count*, int) {
  po::validators::check_first_occurrence(value);
  const std::string& word = po::validators::get_single_string(words, true);
  const std::optional<std::uint64_t> count = parse_count(word);
  if (!count) throw NoCount();
  value = Count{*count};
}

po::variables_map parse_arguments(const Arguments& arguments, const po::options_description& options,
                                  const po::positional_options_description& positional) {
  po::variables_map values;
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  po::command_line_parser parser(arguments);
  parser.options(options).positional(positional).style(style);
  store_or_explain(parse_or_explain(parser, options), values);
  return values;
}

po::variables_map parse_arguments(const Arguments& arguments, const po::options_description& options,
                                  const char* words) {
  po::options_description all(options);
  all.add_options()(words, po::value<std::vector<std::string>>(), "");
  return parse_arguments(arguments, all, po::positional_options_description().add(words, -1));
}

bool print_help(const po::variables_map& values, const char* usage, const po::options_description& options) {
  const bool asked = values.count("help") > 0;
  if (asked) std::cout << usage << options;
  return asked;
}

Output parse_output(const po::variables_map& values, const std::string& command) {
  const bool json = values.count("json") > 0, csv = values.count("csv") > 0;
  if (json && csv) throw ConfigError("ltlab " + command + ": --json or --csv, not both");
  return json ? Output::json : csv ? Output::csv : Output::text;
}

std::string read_config_file(const std::string& path) {
  std::error_code unknown;
  const fs::file_type type = fs::status(path, unknown).type();
  // A path of type none cannot be looked at; its reader will meet the error again.
  if (type != fs::file_type::regular && type != fs::file_type::none)
    throw ConfigError("cannot read config file '" + path +
                      "': there is none; check the path given to --config");
  return read_text(path);
}

void check_output_file(const fs::path& out, bool force) {
  const std::string name = in_quotes(out);
  if (out.filename().empty() || fs::is_directory(fs::symlink_status(out)))
    throw ConfigError(name + " is a folder: --out takes the name of a file in it");
  const fs::path folder = fs::absolute(out).parent_path();
  const fs::file_status status = fs::symlink_status(out);
  if (fs::is_symlink(status))
    throw ConfigError(name + " is a symbolic link: give --out the file that is meant");
  if (fs::exists(status) && !fs::is_regular_file(status))
    throw ConfigError(name + " is no ordinary file: give another --out");
  if (fs::exists(status) && !force)
    throw ConfigError(name + " is there already: --force replaces it, or give another --out");
  if (fs::exists(status) && out.extension() == ".h5" && RunStore(folder).has_run())
    throw ConfigError(name +
                      " lies in the folder of a run, where --force replaces nothing: give another --out");
  if (!fs::is_directory(folder))
    throw ConfigError("there is no folder '" + folder.string() + "' for --out: make it, or give another");
}

void refuse_name(const std::string& name, const std::string& where,
                 const po::options_description& on_command_line, const po::options_description& options) {
  if (has_option(on_command_line, name))
    throw ConfigError(where + "'" + name + "' belongs on the command line, as --" + name);
  throw unknown_option(where, name, options);
}

void require_fraction(const char* name, double value) {
  if (!(value > 0 && value < 1)) throw ConfigError("--" + std::string(name) + " must lie between 0 and 1");
}

}  // namespace ltlab::app
