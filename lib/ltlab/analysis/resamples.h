#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace ltlab {

/// Calls visit(members, times) for resamples with replacement of the indices 0, ..., size - 1; size > 0. Up
/// to eight have few enough resamples that all are visited, without chance: once for each choice of members,
/// with the number of orders that they can be drawn in, size^size in all. Of more, 10,000 are drawn from a
/// stream of its own, each counting once, so that the same size always gives the same resamples.
void for_each_resample(
    std::size_t size,
    const std::function<void(std::span<const std::size_t> members, std::uint64_t times)>& visit);

/// Returns the values of a resample's members.
std::vector<double> resampled(std::span<const double> values, std::span<const std::size_t> members);

}  // namespace ltlab
