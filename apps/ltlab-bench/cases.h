#pragma once

#include <vector>

#include "comparison.h"

namespace ltlab::bench {

/// The comparisons of each kind of layer. `quick` leaves out most shapes, batches and densities.
std::vector<Case> linear_cases(bool quick);

}  // namespace ltlab::bench
