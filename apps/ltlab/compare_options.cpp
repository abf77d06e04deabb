#include "compare_options.h"

#include <filesystem>
#include <sstream>

#include "ltlab/base/error.h"
#include "ltlab/base/names.h"
#include "ltlab/config/values.h"
#include "search_options.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

const NameTable<ComparisonFormat>& format_names() {
  using enum ComparisonFormat;
  static const NameTable<ComparisonFormat> table(
      "format",
      {{terminal, "terminal"}, {markdown, "markdown"}, {csv, "csv"}, {latex, "latex"}, {json, "json"}});
  return table;
}

// clang-format off

po::options_description compare_options() {
  po::options_description options("Options", 110, 55);
  options.add_options()
      ("help,h", "this text")
      ("config", po::value<std::string>()->value_name("FILE"), "run what this file names, then compare it")
      ("out", po::value<std::string>()->value_name("DIR"), "folder of the file's runs (masks/FILE without its suffix)")
      ("data-dir", po::value<std::string>()->value_name("DIR"), "where the data files lie, as of `ltlab search`")
      ("workers", po::value<Count>()->value_name("N"), "trainings side by side (the processor's cores)")
      ("margin", po::value<double>()->value_name("X"), "within which accuracies are equivalent: 0.005 is half a point (0.005)")
      ("density-tolerance", po::value<double>()->value_name("X"), "densities are compared that differ by at most this fraction (0.02)")
      ("densities", po::value<std::string>()->value_name("D1,D2,..."), "compare only there and where dense, as 0.2,0.1,0.05: fewer tests to correct for (everywhere)")
      ("allow-different", "compare runs whose data, model or budget differ")
      ("format", po::value<std::string>()->value_name("NAME"), "terminal (default) | markdown | csv | latex | json");
  return options;
}

// clang-format on

std::string help_text(const po::options_description& options) {
  std::ostringstream text;
  text << "usage: ltlab compare [NAME=]RUN... [OPTION...]\n"
          "       ltlab compare --config FILE [OPTION...]\n\n"
          "Holds searches, and the controls inside them, against the first one: accuracy, early stop and "
          "training FLOPs\nby density, with intervals and tests paired by seed; the sparsest density that "
          "matches "
          "the dense network; the\narea under the curve; the Pareto front of accuracy against FLOPs.\n\n"
          "A comparison file has the base's settings, `option = value` a line as in --config of `ltlab "
          "search`, "
          "and those\nof each variant that differ, `variant.NAME.option = value`. What is missing of their "
          "searches is run, with the\nsame seeds; what is there is not run again.\n\n"
       << options;
  return text.str();
}

// Splits "a=masks/x" into name and folder; "masks/x" is called x.
std::pair<std::string, std::string> parse_run(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || fs::exists(word))
    return {fs::weakly_canonical(word).filename().string(), word};
  if (equals == 0)
    throw ConfigError("'" + word + "' gives the run no name: write NAME=RUN, or the folder alone");
  return {word.substr(0, equals), word.substr(equals + 1)};
}

void read_number(const po::variables_map& values, const char* name, double& to) {
  if (values.count(name) == 0) return;
  to = values[name].as<double>();
  if (!(to > 0 && to < 1)) throw ConfigError("--" + std::string(name) + " must lie between 0 and 1");
}

std::vector<double> read_densities(const std::string& text) {
  try {
    return parse_densities(text);
  } catch (const ConfigError& error) {
    throw ConfigError(std::string("--densities: ") + error.what());
  }
}

// Refuses options for the file's runs where there is no file.
void require_config(const po::variables_map& values) {
  for (const char* name : {"out", "data-dir", "workers"}) {
    if (values.count(name) > 0)
      throw ConfigError("--" + std::string(name) + " is for --config, and there is none: leave it out");
  }
}

void read_subjects(const po::variables_map& values, CompareRequest& request) {
  const bool runs = values.count("run") > 0, config = values.count("config") > 0;
  if (runs == config)
    throw ConfigError("ltlab compare: name runs, or a file by --config" +
                      std::string(runs ? ", not both" : "") + "; see --help");
  if (runs) {
    require_config(values);
    for (const std::string& word : values["run"].as<std::vector<std::string>>())
      request.runs.push_back(parse_run(word));
    return;
  }
  request.config = values["config"].as<std::string>();
  request.out = values.count("out") ? values["out"].as<std::string>()
                                    : (fs::path("masks") / fs::path(request.config).stem()).string();
  if (request.out.empty()) throw ConfigError("--out names no folder: give one, or leave it out");
  if (values.count("data-dir")) request.data_directory = values["data-dir"].as<std::string>();
}

}  // namespace

CompareRequest parse_compare(const Arguments& arguments) {
  const po::options_description options = compare_options();
  const po::variables_map values = parse_arguments(arguments, options, "run");
  CompareRequest request;
  request.help = values.count("help") > 0;
  if (request.help) {
    request.help_text = help_text(options);
    return request;
  }
  read_subjects(values, request);
  request.workers = read_workers(values);
  read_number(values, "margin", request.options.margin);
  read_number(values, "density-tolerance", request.options.density_tolerance);
  if (values.count("densities"))
    request.options.densities = read_densities(values["densities"].as<std::string>());
  request.options.allow_different = values.count("allow-different") > 0;
  if (values.count("format")) request.format = format_names().parse(values["format"].as<std::string>());
  return request;
}

}  // namespace ltlab::app
