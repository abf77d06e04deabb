#include <boost/program_options.hpp>
#include <cstddef>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "commands.h"
#include "ltlab/base/error.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/store/verify.h"
#include "terminal.h"

namespace ltlab::app {
namespace po = boost::program_options;
namespace {

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

void print_json(const std::vector<FileReport>& reports) {
  nlohmann::json files = nlohmann::json::array();
  for (const FileReport& report : reports) {
    files.push_back({{"path", report.path.string()},
                     {"summary", report.summary},
                     {"faults", report.faults},
                     {"notes", report.notes}});
  }
  const nlohmann::json document = {{"files", files}, {"faults", count_faults(reports)}};
  constexpr auto kReplace = nlohmann::json::error_handler_t::replace;  // a path need not be UTF-8
  std::cout << document.dump(2, ' ', false, kReplace) << '\n';
}

}  // namespace

int verify_command(const Arguments& arguments) {
  po::options_description options("Options");
  options.add_options()("help", "show this text")("json", "print for machines: one JSON document");
  const po::variables_map values = parse_arguments(arguments, options, "run");
  if (values.count("help") > 0) {
    std::cout
        << "Usage: ltlab verify RUN...\n\n"
           "Reads every file of each RUN (the folder given to `ltlab search --out`, a folder of such, "
           "or a single\n"
           "file) and checks all checksums and all that must hold: masks nested from level to level "
           "and exactly\n"
           "what pruning the level before gives, weights zero where masked, densities and costs as stated, "
           "controls\n"
           "fitting their ticket. Symbolic links within a RUN are not followed. Exit status 3 where there "
           "is\n"
           "a fault, 5 where the system refuses to read something.\n\n"
        << options;
    return static_cast<int>(ExitStatus::done);
  }
  if (values.count("run") == 0)
    throw ConfigError("ltlab verify: name at least one run folder or file; see --help");

  std::vector<FileReport> reports;
  for (const std::string& run : values["run"].as<std::vector<std::string>>()) {
    for (FileReport& report : verified(run)) reports.push_back(std::move(report));
  }
  if (values.count("json") > 0) {
    print_json(reports);
  } else {
    print_text(reports);
  }
  return static_cast<int>(status_of(reports));
}

}  // namespace ltlab::app
