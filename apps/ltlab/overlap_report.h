#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/analysis/network_comparison.h"

namespace ltlab::app {

/// A network to compare, and its name.
struct NamedNetwork {
  std::string name;
  double density = 1;
  MaskedNetwork network;
};

/// How neurons are matched before networks are compared, and how many random masks measure chance.
struct MatchOptions {
  MatchBy by = MatchBy::masks;
  unsigned draws = 20;
};

/// Compares all pairs of networks, in the order (0, 1), (0, 2), ..., (1, 2), ..., as they are or matched.
std::vector<std::vector<NetworkOverlap>> compare_all(const std::vector<NamedNetwork>& networks,
                                                     const std::optional<MatchOptions>& match);

/// Prints a table per pair, one row per layer; for over two networks, similarity matrix and clusters.
void print_overlaps(std::ostream& out, const std::vector<NamedNetwork>& networks,
                    const std::vector<std::vector<NetworkOverlap>>& pairs,
                    const std::optional<MatchOptions>& match);

/// The same as JSON, every layer of every pair.
nlohmann::ordered_json overlaps_json(const std::vector<NamedNetwork>& networks,
                                     const std::vector<std::vector<NetworkOverlap>>& pairs,
                                     const std::optional<MatchOptions>& match);

/// Prints one row per layer of a pair, with a header.
void print_overlaps_csv(std::ostream& out, const std::vector<NamedNetwork>& networks,
                        const std::vector<std::vector<NetworkOverlap>>& pairs);

}  // namespace ltlab::app
