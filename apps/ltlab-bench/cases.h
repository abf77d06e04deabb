#pragma once

#include <vector>

#include "comparison.h"

namespace ltlab::bench {

/// The comparisons of each kind of layer. `quick` leaves out most shapes, batches and densities.
std::vector<Case> linear_cases(bool quick);
std::vector<Case> convolution_cases(bool quick);
/// Beside SparseProp's kernels instead of dense ones; only where CMake was given a checkout of it.
std::vector<Case> sparseprop_cases();

/// FAMILY/EXTENTS/batch:N/density:PERCENT/PART
std::string case_name(const std::string& family, const std::string& extents, std::size_t batch,
                      double density, const std::string& part);

}  // namespace ltlab::bench
