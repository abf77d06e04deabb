#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ltlab {

/// Solves the linear assignment problem (Kuhn 1955, "The Hungarian method"): returns the permutation p of 0,
/// ..., size-1 with the greatest sum over i of values[i * size + p[i]]. Values must be finite; they are
/// compared to 2^-40 of the greatest magnitude, so whole numbers below that are exact.
std::vector<std::uint32_t> best_assignment(std::span<const double> values, std::size_t size);

}  // namespace ltlab
