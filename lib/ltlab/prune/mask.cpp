#include "ltlab/prune/mask.h"

#include <algorithm>

#include "ltlab/base/error.h"

namespace ltlab {

std::size_t Mask::survivors() const {
  return static_cast<std::size_t>(std::count(keep.begin(), keep.end(), std::uint8_t{1}));
}

double Mask::density() const {
  return keep.empty() ? 0.0 : static_cast<double>(survivors()) / static_cast<double>(size());
}

Mask full_mask(const std::string& name, const Shape& shape) {
  return {name, shape, std::vector<std::uint8_t>(element_count(shape), 1)};
}

double density(const std::vector<Mask>& masks) {
  std::size_t survivors = 0;
  std::size_t weights = 0;
  for (const Mask& mask : masks) {
    survivors += mask.survivors();
    weights += mask.size();
  }
  return weights == 0 ? 0.0 : static_cast<double>(survivors) / static_cast<double>(weights);
}

bool nested(const std::vector<Mask>& inner, const std::vector<Mask>& outer) {
  if (inner.size() != outer.size()) {
    throw ConfigError("cannot nest masks: one network has " + std::to_string(inner.size()) +
                      " masked parameters, the other " + std::to_string(outer.size()));
  }
  bool all_inside = true;
  for (std::size_t m = 0; m < inner.size(); ++m) {
    if (inner[m].name != outer[m].name || inner[m].shape != outer[m].shape) {
      throw ConfigError("cannot nest masks: '" + inner[m].name + "' and '" + outer[m].name +
                        "' differ in name or shape");
    }
    all_inside = all_inside && std::equal(inner[m].keep.begin(), inner[m].keep.end(), outer[m].keep.begin(),
                                          [](std::uint8_t in, std::uint8_t out) { return in <= out; });
  }
  return all_inside;
}

}  // namespace ltlab
