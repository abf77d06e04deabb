#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/activations.h"
#include "ltlab/base/random.h"
#include "ltlab/prune/mask.h"

namespace ltlab::test {

/// Activations with standard normal values; padding lanes too, unless `zero_padding`. Borders are zero.
template <class T>
Activations<T> random_activations(const ActivationShape& shape, std::uint64_t seed,
                                  bool zero_padding = false) {
  Activations<T> result(shape);
  RandomStream random({seed, "test/activations", 0, 0});
  for (std::size_t f = 0; f < shape.features(); ++f) {
    for (std::size_t i = 0; i < shape.panels() * shape.lanes; ++i) {
      const double value = random.normal();
      result.at(f, i) = zero_padding && i >= shape.batch ? T(0) : static_cast<T>(value);
    }
  }
  return result;
}

/// Flat feature vectors.
template <class T>
Activations<T> random_activations(std::size_t features, std::size_t batch, std::size_t lanes,
                                  std::uint64_t seed, bool zero_padding = false) {
  return random_activations<T>({{features, 1, 1}, batch, lanes, 0}, seed, zero_padding);
}

/// Standard normal values.
template <class T>
AlignedVector<T> random_values(std::size_t size, std::uint64_t seed) {
  AlignedVector<T> values(size);
  RandomStream random({seed, "test/values", 0, 0});
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

/// A mask that keeps each weight with probability `density`.
inline Mask random_mask(const std::string& name, const Shape& shape, double density, std::uint64_t seed) {
  Mask mask = full_mask(name, shape);
  RandomStream random({seed, "test/mask", 0, 0});
  for (std::uint8_t& keep : mask.keep) keep = random.uniform() < density;
  return mask;
}

/// A tensor with standard normal values.
inline Tensor random_tensor(const std::string& name, const Shape& shape, std::uint64_t seed) {
  return {name, shape, random_values<float>(element_count(shape), seed)};
}

}  // namespace ltlab::test
