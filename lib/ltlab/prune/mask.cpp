#include "ltlab/prune/mask.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

void require_alike(const std::vector<Mask>& a, const std::vector<Mask>& b) {
  if (a.size() != b.size()) {
    throw ConfigError("masks do not fit each other: one network has " + std::to_string(a.size()) +
                      " masked parameters, the other " + std::to_string(b.size()));
  }
  for (std::size_t m = 0; m < a.size(); ++m) {
    if (a[m].name == b[m].name && a[m].shape == b[m].shape) continue;
    throw ConfigError("masks do not fit each other: '" + a[m].name + "' and '" + b[m].name +
                      "' differ in name or shape");
  }
}

}  // namespace

std::size_t Mask::survivors() const {
  return static_cast<std::size_t>(std::count(keep.begin(), keep.end(), std::uint8_t{1}));
}

double Mask::density() const {
  return keep.empty() ? 0.0 : static_cast<double>(survivors()) / static_cast<double>(size());
}

Mask full_mask(const std::string& name, const Shape& shape) {
  return {name, shape, std::vector<std::uint8_t>(element_count(shape), 1)};
}

std::vector<std::uint32_t> places_of(const Mask& mask, std::uint8_t keep) {
  std::vector<std::uint32_t> places;
  for (std::uint32_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i] == keep) places.push_back(i);
  }
  return places;
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
  require_alike(inner, outer);
  bool all_inside = true;
  for (std::size_t m = 0; m < inner.size(); ++m) {
    all_inside = all_inside && std::equal(inner[m].keep.begin(), inner[m].keep.end(), outer[m].keep.begin(),
                                          [](std::uint8_t in, std::uint8_t out) { return in <= out; });
  }
  return all_inside;
}

double mask_distance(const std::vector<Mask>& a, const std::vector<Mask>& b) {
  require_alike(a, b);
  std::size_t survivors = 0, pruned = 0;
  for (std::size_t m = 0; m < a.size(); ++m) {
    survivors += a[m].survivors();
    pruned += std::transform_reduce(a[m].keep.begin(), a[m].keep.end(), b[m].keep.begin(), std::size_t{0},
                                    std::plus<>(), std::greater<>());
  }
  return survivors == 0 ? 0.0 : static_cast<double>(pruned) / static_cast<double>(survivors);
}

std::vector<Mask> united(std::vector<Mask> a, const std::vector<Mask>& b) {
  require_alike(a, b);
  for (std::size_t m = 0; m < a.size(); ++m) {
    std::transform(a[m].keep.begin(), a[m].keep.end(), b[m].keep.begin(), a[m].keep.begin(),
                   [](std::uint8_t x, std::uint8_t y) { return std::max(x, y); });
  }
  return a;
}

}  // namespace ltlab
