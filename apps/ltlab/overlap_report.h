#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/analysis/network_comparison.h"

namespace ltlab::app {

/// A network to compare, and how it is called.
struct NamedNetwork {
  std::string name;
  double density = 1;
  MaskedNetwork network;
};

/// How neurons are matched before networks are compared, and how many random masks tell what chance gives.
struct MatchOptions {
  MatchBy by = MatchBy::masks;
  unsigned draws = 20;
};

/// All pairs of networks, in the order (0, 1), (0, 2), ..., (1, 2), ...; neurons as they are, or matched.
std::vector<std::vector<NetworkOverlap>> compare_all(const std::vector<NamedNetwork>& networks,
                                                     const std::optional<MatchOptions>& match);

/// A pair's table, a row a layer; of more than two networks the matrix of similarities and their clusters.
void print_overlaps(std::ostream& out, const std::vector<NamedNetwork>& networks,
                    const std::vector<std::vector<NetworkOverlap>>& pairs,
                    const std::optional<MatchOptions>& match);

/// The same for machines, every layer of every pair.
nlohmann::ordered_json overlaps_json(const std::vector<NamedNetwork>& networks,
                                     const std::vector<std::vector<NetworkOverlap>>& pairs,
                                     const std::optional<MatchOptions>& match);

/// A row a layer of a pair, with a header.
void print_overlaps_csv(std::ostream& out, const std::vector<NamedNetwork>& networks,
                        const std::vector<std::vector<NetworkOverlap>>& pairs);

}  // namespace ltlab::app
