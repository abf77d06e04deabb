#include "ltlab/kernels/survivors.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/survivors.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
// clang-format on

#include <algorithm>
#include <array>
#include <bit>

#ifndef LTLAB_KERNELS_SURVIVORS_ONCE
#define LTLAB_KERNELS_SURVIVORS_ONCE
namespace ltlab {

// rank[byte][i]: the number of bits set below bit i, which is the place of element i's value among a byte's
// survivors.
using RankTable = std::array<std::array<std::uint8_t, 8>, 256>;
inline constexpr RankTable kRank = [] {
  RankTable rank{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned i = 0; i < 8; ++i)
      rank[byte][i] = static_cast<std::uint8_t>(std::popcount(byte & ((1u << i) - 1)));
  }
  return rank;
}();

inline bool survives(const std::uint8_t* bits, std::size_t i) {
  return (bits[i / 8] >> (i % 8) & 1) != 0;
}

// Expands from element i on, one by one; survivor `next` is the first of these.
template <class T>
void expand_rest(const std::uint8_t* bits, std::span<const T> survivors, std::span<T> dense, std::size_t i,
                 std::size_t next) {
  for (; next < survivors.size(); ++i) dense[i] = survives(bits, i) ? survivors[next++] : T(0);
  std::fill(dense.begin() + static_cast<std::ptrdiff_t>(i), dense.end(), T(0));
}

template <class T>
void compress_rest(const std::uint8_t* bits, std::span<const T> dense, std::span<T> survivors, std::size_t i,
                   std::size_t next) {
  for (; next < survivors.size(); ++i) {
    if (survives(bits, i)) survivors[next++] = dense[i];
  }
}

}  // namespace ltlab
#endif

HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Holds at most the elements of one byte of bits.
using Floats = hn::CappedTag<float, 8>;

HWY_INLINE std::uint8_t bits_of(const std::uint8_t* bits, std::size_t i) {
  return static_cast<std::uint8_t>(bits[i / 8] >> (i % 8) & ((1u << hn::Lanes(Floats())) - 1));
}

// Both handle whole vectors while enough survivors are left, and then single elements.
void expand_floats(const std::uint8_t* bits, std::span<const float> survivors, std::span<float> dense) {
  const Floats d;
  const hn::RebindToSigned<Floats> integers;
  const hn::Rebind<std::uint8_t, Floats> bytes;
  const std::size_t n = hn::Lanes(d);
  std::size_t i = 0, next = 0;
  for (; i + n <= dense.size() && next + n <= survivors.size(); i += n) {
    const std::uint8_t byte = bits_of(bits, i);
    const auto rank = hn::PromoteTo(integers, hn::LoadU(bytes, kRank[byte].data()));
    const auto spread =
        hn::TableLookupLanes(hn::LoadU(d, survivors.data() + next), hn::IndicesFromVec(d, rank));
    hn::StoreU(hn::IfThenElseZero(hn::LoadMaskBits(d, &byte), spread), d, dense.data() + i);
    next += static_cast<std::size_t>(std::popcount(byte));
  }
  expand_rest(bits, survivors, dense, i, next);
}

void compress_floats(const std::uint8_t* bits, std::span<const float> dense, std::span<float> survivors) {
  const Floats d;
  const std::size_t n = hn::Lanes(d);
  std::size_t i = 0, next = 0;
  for (; i + n <= dense.size() && next + n <= survivors.size(); i += n) {
    const std::uint8_t byte = bits_of(bits, i);
    hn::CompressStore(hn::LoadU(d, dense.data() + i), hn::LoadMaskBits(d, &byte), d, survivors.data() + next);
    next += static_cast<std::size_t>(std::popcount(byte));
  }
  compress_rest(bits, dense, survivors, i, next);
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(expand_floats);
HWY_EXPORT(compress_floats);

AlignedVector<std::uint8_t> survivor_bits(std::span<const std::uint8_t> keep) {
  AlignedVector<std::uint8_t> bits((keep.size() + 7) / 8);
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (keep[i]) bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | 1u << (i % 8));
  }
  return bits;
}

template <>
void expand(std::span<const std::uint8_t> bits, std::span<const float> survivors, std::span<float> dense) {
  HWY_DYNAMIC_DISPATCH(expand_floats)(bits.data(), survivors, dense);
}
template <>
void expand(std::span<const std::uint8_t> bits, std::span<const double> survivors, std::span<double> dense) {
  expand_rest(bits.data(), survivors, dense, 0, 0);
}

template <>
void compress(std::span<const std::uint8_t> bits, std::span<const float> dense, std::span<float> survivors) {
  HWY_DYNAMIC_DISPATCH(compress_floats)(bits.data(), dense, survivors);
}
template <>
void compress(std::span<const std::uint8_t> bits, std::span<const double> dense,
              std::span<double> survivors) {
  compress_rest(bits.data(), dense, survivors, 0, 0);
}

}  // namespace ltlab
#endif  // HWY_ONCE
