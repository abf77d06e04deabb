#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ltlab {

/// Named facts about the program and machine behind a result, in the order in which to show them.
using Provenance = std::vector<std::pair<std::string, std::string>>;

/// Returns ltlab's version and git revision ("-dirty" where files differed from it, "unknown" outside a
/// clone), compiler and flags, versions of the libraries, the processor, the instruction set that the sparse
/// kernels use, and the system.
Provenance collect_provenance();

}  // namespace ltlab
