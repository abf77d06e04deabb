#include <filesystem>
#include <iostream>

#include "commands.h"
#include "comparison_file.h"
#include "ltlab/base/error.h"
#include "matching_options.h"
#include "study_power.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

constexpr char kUsage[] = R"(usage: ltlab power FILE [OPTION...]

Tells what seeds a study's claims take: from the spread over seeds of what is recorded of it, as a pilot, it
computes the power of the planned seeds, the seeds needed for a given power, and the effect that the planned
seeds can show.

)";

}  // namespace

int power_command(const Arguments& arguments) {
  std::string pilot, data_directory;
  PowerRequest request;
  po::options_description options("Options", 110, 55);
  // clang-format off
  options.add_options()
      ("help,h", "this text")
      ("pilot", po::value(&pilot)->value_name("DIR"), "folder of the study whose networks are the pilot (masks/FILE without its suffix)")
      ("seeds", po::value<Count>()->value_name("N"), "planned (those of the file)")
      ("power", po::value(&request.power)->value_name("X"), "to be reached (0.8)")
      ("data-dir", po::value(&data_directory)->value_name("DIR"), "where the data files lie, as of `ltlab search`");
  // clang-format on
  const po::variables_map values = parse_arguments(arguments, options, "file");
  if (print_help(values, kUsage, options)) return 0;
  if (values.count("file") == 0 || values["file"].as<std::vector<std::string>>().size() > 1)
    throw ConfigError("ltlab power: name one study file; see --help");
  require_fraction("power", request.power);
  if (values.count("seeds") > 0) {
    const std::uint64_t seeds = values["seeds"].as<Count>().value;
    constexpr std::uint64_t kMostSeeds = 100000;
    if (seeds < 2 || seeds > kMostSeeds) throw ConfigError("--seeds must lie between 2 and 100000");
    request.seeds = static_cast<unsigned>(seeds);
  }
  const std::string file = values["file"].as<std::vector<std::string>>().front();
  if (pilot.empty()) pilot = (std::filesystem::path("masks") / std::filesystem::path(file).stem()).string();
  print_power(std::cout, read_comparison_file(file, data_directory, false), pilot, request);
  return 0;
}

}  // namespace ltlab::app
