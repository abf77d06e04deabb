#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"

namespace ltlab {

/// Which weights of one prunable parameter survive.
struct Mask {
  std::string name;                ///< the parameter's name: "fc1.weight"
  Shape shape;                     ///< the parameter's shape
  std::vector<std::uint8_t> keep;  ///< row-major, 1 = survives, 0 = pruned

  std::size_t size() const { return keep.size(); }
  std::size_t survivors() const;
  /// survivors() / size(), in [0, 1].
  double density() const;
  bool operator==(const Mask&) const = default;
};

/// A mask that keeps everything.
Mask full_mask(const std::string& name, const Shape& shape);

/// Survivors over weights of all masks together: the density P_m of Frankle & Carbin 2019, section 1.
double density(const std::vector<Mask>& masks);

/// Whether every survivor of `inner` also survives in `outer`; names and shapes must agree (ConfigError).
bool nested(const std::vector<Mask>& inner, const std::vector<Mask>& outer);

/// Of the survivors of `a`, the fraction that `b` prunes; names and shapes must agree (ConfigError).
double mask_distance(const std::vector<Mask>& a, const std::vector<Mask>& b);

/// Masks that keep what either of `a` and `b` keeps; names and shapes must agree (ConfigError).
std::vector<Mask> united(std::vector<Mask> a, const std::vector<Mask>& b);

}  // namespace ltlab
