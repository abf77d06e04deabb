#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "ltlab/analysis/layer_collapse.h"
#include "ltlab/analysis/search_results.h"

namespace ltlab::app {

/// The results of layer_collapse().
using Collapses = std::vector<LayerCollapse>;

/// What a search found, and how it is to be judged.
struct SearchFindings {
  SearchResults results;
  Collapses collapses;
  std::size_t classes = 0;  ///< of its data; 0 where that is not known
  MatchingOptions options = {};
};

/// Prints the table, one row per level, the verdict in words, and the cost.
void print_report(std::ostream& out, const SearchFindings& findings);

/// Prints the verdict in words, and the cost, on one line each.
void print_verdict(std::ostream& out, const SearchFindings& findings);

/// Returns all of it as JSON. Accuracies are fractions; intervals are half-widths of the 95 % interval of the
/// mean; values are those of the replicates. Figures that need several replicates are null with one; those
/// that need controls are left out without any, as `layer_collapse` is where there is none.
nlohmann::ordered_json report_json(const SearchFindings& findings);

}  // namespace ltlab::app
