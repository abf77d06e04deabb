#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "ltlab/analysis/search_results.h"

namespace ltlab::app {

/// The table, a row a level, and the verdict in words.
void print_report(std::ostream& out, const std::vector<LevelStatistics>& levels);

/// The same for machines. Accuracies are fractions; intervals are half-widths of the 95 % interval of the
/// mean.
nlohmann::ordered_json report_json(const std::vector<LevelStatistics>& levels);

}  // namespace ltlab::app
