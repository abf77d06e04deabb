#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "ltlab/analysis/layer_collapse.h"
#include "ltlab/analysis/search_results.h"

namespace ltlab::app {

/// What layer_collapse() found.
using Collapses = std::vector<LayerCollapse>;

/// The table, a row a level, the verdict in words, and the cost.
void print_report(std::ostream& out, const SearchResults& results, const Collapses& collapses);

/// The verdict in words, and the cost: a line each.
void print_verdict(std::ostream& out, const SearchResults& results, const Collapses& collapses);

/// All of it for machines. Accuracies are fractions; intervals are half-widths of the 95 % interval of the
/// mean; what needs several replicates is null with one, and what controls are needed for is left out
/// without, as `layer_collapse` is where there is none.
nlohmann::ordered_json report_json(const SearchResults& results, const Collapses& collapses);

}  // namespace ltlab::app
