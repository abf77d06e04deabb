#pragma once

#include <nlohmann/json.hpp>

#include "ltlab/analysis/comparison.h"
#include "text_table.h"

namespace ltlab::app {

/// Returns all figures, one row per variant and density.
TextTable comparison_rows(const Comparison& comparison);

/// Returns all figures, with the values by seed behind them. Accuracies are fractions; undefined figures are
/// null.
nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace ltlab::app
