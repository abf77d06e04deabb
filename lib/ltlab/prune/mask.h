#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/tensor.h"

namespace ltlab {

/// The weights of one prunable parameter that survive.
struct Mask {
  std::string name;                ///< the parameter's name: "fc1.weight"
  Shape shape;                     ///< the parameter's shape
  std::vector<std::uint8_t> keep;  ///< row-major, 1 = survives, 0 = pruned

  std::size_t size() const { return keep.size(); }
  std::size_t survivors() const;
  /// Returns survivors() / size(), in [0, 1].
  double density() const;
  bool operator==(const Mask&) const = default;
};

/// Returns a mask that keeps everything.
Mask full_mask(const std::string& name, const Shape& shape);

/// Returns the places of the weights that are kept (1) or pruned (0), ascending.
std::vector<std::uint32_t> places_of(const Mask& mask, std::uint8_t keep);

/// Returns survivors over weights of all masks together: the density P_m of Frankle & Carbin 2019, section 1.
double density(const std::vector<Mask>& masks);

/// Returns whether all survivors of `inner` survive in `outer`; names and shapes must agree (ConfigError).
bool nested(const std::vector<Mask>& inner, const std::vector<Mask>& outer);

/// Returns the fraction of `a`'s survivors that `b` prunes; names and shapes must agree (ConfigError).
double mask_distance(const std::vector<Mask>& a, const std::vector<Mask>& b);

/// Returns masks that keep what either of `a` and `b` keeps; names and shapes must agree (ConfigError).
std::vector<Mask> united(std::vector<Mask> a, const std::vector<Mask>& b);

}  // namespace ltlab
