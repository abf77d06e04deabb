#include "study_package.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>

#include "format.h"
#include "json_output.h"
#include "ltlab/base/error.h"
#include "ltlab/base/json_file.h"
#include "ltlab/store/provenance.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_store.h"
#include "terminal.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr auto kFormat = "ltlab-replication";
constexpr const char* kCompared[] = {"test_accuracy", "validation_accuracy", "early_stop_test_accuracy"};
constexpr std::uintmax_t kLongest = std::uintmax_t{1} << 30;
constexpr std::size_t kMostLines = 10;  // of figures that differ

// Returns the name of a search in all of a study: with its specification's, if it has one.
std::string search_name(const Specification& specification, const std::string& search) {
  return specification.name.empty() ? search : specification.name + "/" + search;
}

std::vector<NetworkTrace> trace_study(const ComparisonFile& file, const std::string& out) {
  std::vector<NetworkTrace> networks;
  for (const Specification& specification : file.specifications) {
    for (const auto& [name, config] : specification.searches)
      std::ranges::move(
          trace_search(search_name(specification, name), search_folder(specification, out, name)),
          std::back_inserter(networks));
  }
  return networks;
}

ordered_json to_json(const NetworkTrace& network) {
  return {{"search", network.search},  {"branch", network.branch}, {"seed", network.seed},
          {"trial", network.trial},    {"level", network.level},   {"network_sha256", network.network_sha256},
          {"figures", network.figures}};
}

// JSON has null for what is no number, as the loss of a network that diverged.
std::map<std::string, double> read_figures(const ordered_json& json) {
  std::map<std::string, double> figures;
  for (const char* compared : kCompared) json.at(compared);
  for (const auto& [name, value] : json.items())
    figures[name] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  return figures;
}

NetworkTrace read_network(const ordered_json& json) {
  return {json.at("search"),
          json.at("branch"),
          whole_number<std::uint64_t>(json.at("seed")),
          whole_number<std::uint64_t>(json.at("trial")),
          whole_number<unsigned>(json.at("level")),
          read_figures(json.at("figures")),
          json.at("network_sha256")};
}

ordered_json provenance_json(const std::string& out, const ComparisonFile& file) {
  const fs::path first = search_folder(file.specifications.front(), out, file.searches().front().first);
  ordered_json json;
  for (const auto& [name, fact] : read_provenance(RunStore(first).run_path())) json[name] = fact;
  return json;
}

}  // namespace

ordered_json read_verdicts(const fs::path& folder) {
  return read_json(folder / kVerdicts, "study's verdicts", kLongest, [](ordered_json json) {
    json.at("claims");
    return json;
  });
}

ordered_json package_json(const ComparisonFile& file, const StudyFindings& findings, const std::string& out) {
  ordered_json decisions;
  for (const ClaimVerdict& verdict : findings.verdicts())
    decisions[verdict.claim.name] = decision_names().name(verdict.decision);
  return {{"format", kFormat},
          {"study", file.text},
          {"registered", findings.registered.empty() ? "" : findings.registered.back().digest()},
          {"environment", provenance_json(out, file)},
          {"decisions", decisions},
          {"networks",
           json_array(trace_study(file, out), [](const NetworkTrace& network) { return to_json(network); })}};
}

StudyPackage read_package(const std::string& path) {
  std::error_code unknown;
  if (!fs::is_regular_file(path, unknown))
    throw ConfigError("cannot read '" + path + "': there is no such file; check the path");
  return read_json(path, "replication package", kLongest, [](const ordered_json& json) {
    if (json.at("format") != kFormat) throw DataError("its format is another one");
    StudyPackage package;
    package.text = json.at("study");
    for (const ordered_json& network : json.at("networks")) package.networks.push_back(read_network(network));
    for (const auto& [name, decision] : json.at("decisions").items())
      package.decisions.emplace_back(name, decision);
    return package;
  });
}

PackageComparison compare_package(const StudyPackage& package, const ComparisonFile& file,
                                  const StudyFindings& findings, const std::string& out, double tolerance) {
  std::map<std::string, double> tolerances;
  for (const char* figure : kCompared) tolerances[figure] = tolerance;
  PackageComparison comparison{compare_traces(package.networks, trace_study(file, out), tolerances),
                               tolerance,
                               {},
                               package.decisions.size()};
  for (const auto& [name, before] : package.decisions) {
    const auto now =
        std::ranges::find(findings.verdicts(), name, [](const ClaimVerdict& one) { return one.claim.name; });
    const std::string decision =
        now == findings.verdicts().end() ? "not there" : decision_names().name(now->decision);
    if (decision != before)
      comparison.decisions.push_back(name + ": " + before + " in the package, " + decision + " now");
  }
  return comparison;
}

void print_package_comparison(std::ostream& out, const PackageComparison& comparison) {
  const ReplicationResult& networks = comparison.networks;
  print_line(out, format("%zu of %zu networks have the same masks and weights, to the bit.", networks.equal,
                         networks.networks));
  for (const auto& [figure, apart] : networks.apart)
    print_line(out,
               figure + format(": at most %.4f apart, where %.4f are allowed.", apart, comparison.tolerance));
  for (const std::string& name : networks.missing) print_line(out, "Missing: " + name + ".");
  for (std::size_t i = 0; i < std::min(kMostLines, networks.beyond.size()); ++i)
    print_line(out, "Beyond the tolerance: " + networks.beyond[i] + ".");
  if (networks.beyond.size() > kMostLines)
    print_line(out, format("... and %zu more.", networks.beyond.size() - kMostLines));
  print_line(out, format("%zu of %zu claims have the same verdict.",
                         comparison.claims - comparison.decisions.size(), comparison.claims));
  for (const std::string& line : comparison.decisions) print_line(out, "Another verdict: " + line + ".");
  print_line(out, comparison.holds() ? "The study was replicated." : "The study was not replicated.");
}

}  // namespace ltlab::app
