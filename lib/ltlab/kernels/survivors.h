#pragma once

#include <cstdint>
#include <span>

#include "ltlab/base/aligned.h"

namespace ltlab {

/// Returns which elements of a dense array survive, a bit each: element i's is bit i % 8 of byte i / 8.
AlignedVector<std::uint8_t> survivor_bits(std::span<const std::uint8_t> keep);

/// Writes dense[i] = the next survivor where element i survives, else 0.
template <class T>
void expand(std::span<const std::uint8_t> bits, std::span<const T> survivors, std::span<T> dense);

/// Does the reverse: survivors = the elements of `dense` that survive, in order. There are survivors.size()
/// of them.
template <class T>
void compress(std::span<const std::uint8_t> bits, std::span<const T> dense, std::span<T> survivors);

}  // namespace ltlab
