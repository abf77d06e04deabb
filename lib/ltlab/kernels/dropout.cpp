#include "ltlab/kernels/dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/dropout.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
#include "ltlab/kernels/rows-inl.h"
// clang-format on

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/error.h"

// A word of random bits decides over kLaneMultiple images' values of four features.
HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Computes y = scale x in the lanes whose bits are set, 0 in the others, for kLaneMultiple lanes.
template <class T>
HWY_INLINE void keep_lanes(std::uint64_t bits, T scale, const T* x, T* y) {
  const Vector<T> d;
  for (std::size_t i = 0; i < kLaneMultiple; i += hn::Lanes(d)) {
    std::uint8_t bytes[8];  // as many as LoadMaskBits may read
    const std::uint64_t lanes = bits >> i;
    for (std::size_t b = 0; b < 8; ++b) bytes[b] = static_cast<std::uint8_t>(lanes >> (8 * b));
    const auto kept = hn::LoadMaskBits(d, bytes);
    hn::Store(hn::IfThenElseZero(kept, hn::Mul(hn::Load(d, x + i), hn::Set(d, scale))), d, y + i);
  }
}

// Handles the values of all features of kLaneMultiple images, from lane `lane` of panel p on.
template <class T>
void keep_features(const std::uint64_t* words, T scale, std::size_t p, std::size_t lane,
                   const Activations<T>& x, Activations<T>& y) {
  std::size_t feature = 0;
  const auto keep = [&](std::size_t /*channel*/, std::size_t values, const T* in, T* out) HWY_ATTR {
    for (std::size_t i = lane; i < values; i += x.lanes(), ++feature)
      keep_lanes(words[feature / 4] >> (feature % 4 * kLaneMultiple), scale, in + i, out + i);
  };
  for_each_row(p, {0, x.image().channels}, keep, x, y);
}

// Each type has a name of its own, since dispatch tables hold plain functions.
constexpr auto& kKeepFloat = keep_features<float>;
constexpr auto& kKeepDouble = keep_features<double>;

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(kKeepFloat);
HWY_EXPORT(kKeepDouble);

namespace {

double kept_share(double rate) {
  if (!(rate >= 0 && rate < 1))
    throw ConfigError("dropout: the rate is " + std::to_string(rate) + "; choose one in [0, 1)");
  return 1 - rate;
}

// Bits that are 1 independently with probability `share`: where a random binary fraction lies below `share`.
// All 64 are compared at once, digit by digit and only until they differ, so that a share of 1/2 takes one
// random word and others take about seven.
class KeptBits {
 public:
  KeptBits(const StreamName& name, double share)
      : random_(name),
        all_(share == 1),
        digits_(all_ ? 0 : static_cast<std::uint64_t>(std::ldexp(share, 64))) {}

  std::uint64_t next() {
    if (all_) return ~std::uint64_t{0};
    std::uint64_t below = 0, equal = ~std::uint64_t{0};
    for (std::uint64_t digits = digits_; digits != 0 && equal != 0; digits <<= 1) {
      const std::uint64_t ones = random_();
      const bool one = digits >> 63 == 1;
      if (one) below |= equal & ~ones;
      equal &= one ? ones : ~ones;
    }
    return below;
  }

 private:
  RandomStream random_;
  bool all_;
  std::uint64_t digits_;  // of the share, in units of 2^-64: exact
};

void keep(const std::uint64_t* words, float scale, std::size_t p, std::size_t lane,
          const Activations<float>& x, Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(kKeepFloat)(words, scale, p, lane, x, y);
}
void keep(const std::uint64_t* words, double scale, std::size_t p, std::size_t lane,
          const Activations<double>& x, Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(kKeepDouble)(words, scale, p, lane, x, y);
}

}  // namespace

template <class T>
void dropout(const StreamName& name, double rate, const Activations<T>& x, Activations<T>& y) {
  const double share = kept_share(rate);
  KeptBits bits(name, share);
  std::vector<std::uint64_t> words((x.features() + 3) / 4);
  for (std::size_t p = 0; p < x.panels(); ++p) {
    for (std::size_t lane = 0; lane < x.lanes(); lane += kLaneMultiple) {
      for (std::uint64_t& word : words) word = bits.next();
      keep(words.data(), static_cast<T>(1 / share), p, lane, x, y);
    }
  }
}

template void dropout(const StreamName&, double, const Activations<float>&, Activations<float>&);
template void dropout(const StreamName&, double, const Activations<double>&, Activations<double>&);

}  // namespace ltlab
#endif  // HWY_ONCE
