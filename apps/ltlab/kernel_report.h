#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

#include "ltlab/store/run_store.h"

namespace ltlab::app {

/// Prints the kernel of each product of each layer at each level of a run, and the times that decided.
void print_kernels(std::ostream& out, const RunStore& run);

/// One level's choices as a JSON array. Seconds are null where nothing was measured.
nlohmann::ordered_json kernels_json(const std::vector<KernelChoice>& choices);

/// The same for all levels: an array of such arrays.
nlohmann::ordered_json kernels_json(const RunStore& run);

}  // namespace ltlab::app
