#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "comparison_file.h"
#include "ltlab/study/replication.h"
#include "study_report.h"

namespace ltlab::app {

/// The file of a study's folder that study_json() is written to.
inline constexpr auto kVerdicts = "verdicts.json";
/// Reads it. DataError where it is none; IoError.
nlohmann::ordered_json read_verdicts(const std::filesystem::path& folder);

/// What a replication package says, replication.json.
struct StudyPackage {
  std::string text;  ///< of the study file
  std::vector<NetworkTrace> networks;
  std::vector<std::pair<std::string, std::string>> decisions;  ///< by claims' names
};

/// Returns the package of a study that has run in `out`: its file, registration and verdicts, program,
/// machine and data, and for each network its figures and the hash of its masks and weights.
nlohmann::ordered_json package_json(const ComparisonFile& file, const StudyFindings& findings,
                                    const std::string& out);

/// Reads a package. ConfigError where there is no file; DataError where it is none.
StudyPackage read_package(const std::string& path);

/// A fresh run beside a package.
struct PackageComparison {
  ReplicationResult networks;
  double tolerance = 0;
  std::vector<std::string> decisions;  ///< a line for each claim whose decision is another one
  std::size_t claims = 0;
  bool holds() const { return networks.holds() && decisions.empty(); }
};

/// Compares a study that was run afresh in `out` with a package: accuracies may differ by `tolerance`.
PackageComparison compare_package(const StudyPackage& package, const ComparisonFile& file,
                                  const StudyFindings& findings, const std::string& out, double tolerance);

void print_package_comparison(std::ostream& out, const PackageComparison& comparison);

}  // namespace ltlab::app
