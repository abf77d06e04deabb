#include "command_line.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "ltlab/base/error.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

// Levenshtein distance, one row at a time.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

std::vector<std::string> option_names(const po::options_description& options) {
  std::vector<std::string> names;
  for (const auto& option : options.options()) names.push_back(option->long_name());
  return names;
}

std::string strip_dashes(const std::string& name) {
  const auto first = name.find_first_not_of('-');
  return first == std::string::npos ? std::string() : name.substr(first);
}

// Boost's exceptions as ConfigErrors that say where the fault is and which name was probably meant.
template <class Parse>
po::parsed_options parse_or_explain(const std::string& where, const po::options_description& options,
                                    Parse parse) {
  try {
    return parse();
  } catch (const po::unknown_option& error) {
    const std::string name = strip_dashes(error.get_option_name());
    throw ConfigError(where + "unknown option '" + name + "'" + suggestion(name, option_names(options)) +
                      "; --help lists all options");
  } catch (const po::error& error) {
    throw ConfigError(where + error.what() + "; see --help");
  }
}

void store_or_explain(const std::string& where, const po::parsed_options& parsed, po::variables_map& values) {
  try {
    po::store(parsed, values);
    po::notify(values);
  } catch (const po::error& error) {
    throw ConfigError(where + error.what() + "; see --help");
  }
}

}  // namespace

std::string nearest_name(const std::string& word, const std::vector<std::string>& candidates) {
  std::string nearest;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string nearest = nearest_name(word, candidates);
  return nearest.empty() ? std::string() : " (did you mean '" + nearest + "'?)";
}

po::variables_map parse_arguments(const Arguments& arguments, const po::options_description& options,
                                  const po::positional_options_description& positional) {
  po::variables_map values;
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  const po::parsed_options parsed = parse_or_explain("", options, [&] {
    return po::command_line_parser(arguments).options(options).positional(positional).style(style).run();
  });
  store_or_explain("", parsed, values);
  return values;
}

void parse_config_file(const std::string& path, const po::options_description& options,
                       po::variables_map& values) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    throw ConfigError("cannot read config file '" + path + "': check the path given to --config");
  const std::string where = "config file '" + path + "': ";
  store_or_explain(
      where, parse_or_explain(where, options, [&] { return po::parse_config_file(file, options); }), values);
}

}  // namespace ltlab::app
