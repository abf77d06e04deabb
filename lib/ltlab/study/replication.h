#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ltlab {

/// One trained network of a study, as a replication package holds it.
struct NetworkTrace {
  std::string search;  ///< its name in the study: "base"
  std::string branch;  ///< "ticket", a control
  std::uint64_t seed = 0, trial = 0;
  unsigned level = 0;
  std::map<std::string, double> figures;  ///< of the level, by the names of their fields: "test_accuracy"
  std::string network_sha256;             ///< over the names, shapes and values of its masks and weights

  /// Returns "base, ticket, seed 3, level 4", which no other network of a study has.
  std::string name() const;
};

/// Reads the networks of a search in the order of its folders and levels, pretraining and copies left out.
/// Errors as of the store.
std::vector<NetworkTrace> trace_search(const std::string& name, const std::filesystem::path& folder);

/// How a fresh run of a study agrees with a package.
struct ReplicationResult {
  std::size_t networks = 0;             ///< of the package
  std::size_t equal = 0;                ///< whose masks and weights are the same to the bit
  std::vector<std::string> missing;     ///< names of those that the fresh run lacks
  std::map<std::string, double> apart;  ///< the greatest difference of each figure that has a tolerance
  std::vector<std::string> beyond;      ///< a line for each figure beyond its tolerance
  bool holds() const { return missing.empty() && beyond.empty(); }
};

/// Compares traces network by network. Figures that have a tolerance may differ by at most that.
ReplicationResult compare_traces(const std::vector<NetworkTrace>& package,
                                 const std::vector<NetworkTrace>& fresh,
                                 const std::map<std::string, double>& tolerances);

}  // namespace ltlab
