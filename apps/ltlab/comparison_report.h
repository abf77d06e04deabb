#pragma once

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "ltlab/analysis/comparison.h"
#include "text_table.h"

namespace ltlab::app {

/// What to read a comparison by: how it was made, and what its marks mean; a paragraph each.
std::vector<std::string> comparison_notes(const Comparison& comparison);

/// Accuracy, cost and early stop by density, differences from the base, equivalence with the dense network,
/// the variants as a whole, the Pareto front.
std::vector<TextTable> comparison_tables(const Comparison& comparison);

/// All figures, a row a variant and density.
TextTable comparison_rows(const Comparison& comparison);

/// All figures, and the values by seed that they are of. Accuracies are fractions; what is not defined is
/// null.
nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace ltlab::app
