#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>

namespace ltlab::bench {

/// The most that one core can do with the instruction set that the kernels use here: the roofs of a roofline
/// (Williams, Waterman & Patterson 2009).
struct Machine {
  double fma_gflops = 0;  ///< multiply-adds between registers, two operations each
  /// Reading, GB/s: one multiply-add for each value loaded, from a buffer that fits this level and no lower.
  double l1_gbs = 0, l2_gbs = 0, l3_gbs = 0, memory_gbs = 0;
  std::size_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
};

/// Measures for about a second. The best of several attempts counts, since other activity of the machine can
/// only lower the figures.
Machine measure_machine();

nlohmann::ordered_json to_json(const Machine& machine);

}  // namespace ltlab::bench
