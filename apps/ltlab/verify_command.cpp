#include <algorithm>
#include <boost/program_options.hpp>
#include <cstddef>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "commands.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/store/verify.h"
#include "terminal.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

using nlohmann::ordered_json;

constexpr char kUsage[] = R"(Usage: ltlab verify RUN...

Reads every file of each RUN (the folder given to `ltlab search --out`, a folder of such, or a single
file) and checks all checksums and all that must hold: masks nested from level to level and exactly
what pruning the level before gives, weights zero where masked, densities and costs as stated, controls
fitting their ticket. Symbolic links within a RUN are not followed. Exit status 3 where there is
a fault, 5 where the system refuses to read something.

)";

std::size_t count_faults(const std::vector<FileReport>& reports) {
  std::size_t faults = 0;
  for (const FileReport& report : reports) faults += report.faults.size();
  return faults;
}

std::string counted(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

// A run that cannot be verified does not keep the others from it.
std::vector<FileReport> verified(const std::string& run) {
  try {
    return verify(run, pruning_rules());
  } catch (const Error& error) {
    return {{run, "", {error.what()}, {}, error.status()}};
  }
}

// Prints one line per file, and one below it for each remark.
void print_text(const std::vector<FileReport>& reports) {
  constexpr std::size_t kIndent = 9;  // of continued lines
  for (const FileReport& report : reports) {
    const std::string summary = report.summary.empty() ? "" : "  (" + report.summary + ")";
    print_line(std::cout, (report.faults.empty() ? "ok     " : "FAULT  ") + report.path.string() + summary,
               kIndent);
    for (const std::string& fault : report.faults) print_line(std::cout, "         fault: " + fault, kIndent);
    for (const std::string& note : report.notes) print_line(std::cout, "         note: " + note, kIndent);
  }
  std::cout << counted(reports.size(), "file") << ", " << counted(count_faults(reports), "fault") << '\n';
}

ordered_json report_json(const FileReport& report) {
  return {{"faults", report.faults},
          {"notes", report.notes},
          {"path", report.path.string()},
          {"summary", report.summary}};
}

}  // namespace

int verify_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("help", "show this text")("json", "print for machines: one JSON document");
  const po::variables_map values = parse_arguments(arguments, options, "run");
  if (print_help(values, kUsage, options)) return 0;
  if (values.count("run") == 0)
    throw ConfigError("ltlab verify: name at least one run folder or file; see --help");

  std::vector<FileReport> reports;
  for (const std::string& run : values["run"].as<std::vector<std::string>>())
    std::ranges::move(verified(run), std::back_inserter(reports));
  if (values.count("json") > 0) {
    print_json(std::cout, {{"faults", count_faults(reports)}, {"files", json_array(reports, report_json)}});
  } else {
    print_text(reports);
  }
  return static_cast<int>(status_of(reports));
}

}  // namespace ltlab::app
