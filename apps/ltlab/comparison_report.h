#pragma once

#include <string>
#include <vector>

#include "ltlab/analysis/comparison.h"
#include "text_table.h"

namespace ltlab::app {

/// Returns what a reader must know: how the comparison was made, and what its marks mean, a paragraph each.
std::vector<std::string> comparison_notes(const Comparison& comparison);

/// Returns tables of accuracy, cost and early stop by density, differences from the base, of all pairs and
/// from the dense network, the variants as a whole, and the Pareto front. Each has one of the names as label;
/// others are those of image_tables().
std::vector<TextTable> comparison_tables(const Comparison& comparison);
std::vector<std::string> comparison_table_names();

}  // namespace ltlab::app
