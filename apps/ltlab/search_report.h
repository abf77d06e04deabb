#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "ltlab/analysis/search_results.h"

namespace ltlab::app {

/// The table, a row a level, the verdict in words, and the cost.
void print_report(std::ostream& out, const SearchResults& results);

/// The verdict in words, and the cost: a line each.
void print_verdict(std::ostream& out, const SearchResults& results);

/// All of it for machines. Accuracies are fractions; intervals are half-widths of the 95 % interval of the
/// mean; what needs several replicates is null with one, and what controls are needed for is left out
/// without.
nlohmann::ordered_json report_json(const SearchResults& results);

}  // namespace ltlab::app
