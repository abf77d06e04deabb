#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "ltlab/store/run_store.h"

namespace ltlab::app {

/// A line a run, those inside below: its branch, seed, levels, and the density and test accuracy of the first
/// and the last one.
void print_tree(std::ostream& out, const RunStore& top);

/// The same for machines.
nlohmann::ordered_json tree_json(const RunStore& top);

}  // namespace ltlab::app
