#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "ltlab/store/run_store.h"

namespace ltlab::app {

/// Prints one line per run, with the runs inside it below: its branch, seed, levels, and the density and test
/// accuracy of the first and the last level.
void print_tree(std::ostream& out, const RunStore& top);

/// The same as JSON.
nlohmann::ordered_json tree_json(const RunStore& top);

}  // namespace ltlab::app
