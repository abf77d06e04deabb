#include "ltlab/kernels/sparse_products.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/sparse_products.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
#include "ltlab/kernels/rows-inl.h"
// clang-format on

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ltlab/base/activations.h"

// Each multiply-add takes its input from memory, since two rows of a sparse matrix hardly ever meet in a
// column. This limits the speed of these kernels. A first-level cache delivers one operand for each
// multiply-add that a core can start; the second level half as many. So inputs are cut into windows that stay
// in the first level while all rows pass over them (SparseRows), if rows are long enough to pay for loading
// and storing their sums once a window.
HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Register = hn::Vec<Vector<T>>;

// The most vectors a tile holds: as many independent sums as two multiply-adds a cycle of latency 4 need.
// With the operands they fit the 16 registers of AVX2.
constexpr std::size_t kTileVectors = 8;

// V vectors of a run, either contiguous or position by position: vector v's place in each operand, from the
// tile's first on.
template <std::size_t V, bool kContiguous, class T>
struct Tile {
  static constexpr std::size_t kVectors = V;
  std::size_t x_step, y_step, gate_step;

  explicit Tile(const PositionRun& run) : x_step(run.x_step), y_step(run.y_step), gate_step(run.gate_step) {}

  HWY_INLINE std::size_t x(std::size_t v) const { return place(v, x_step); }
  HWY_INLINE std::size_t y(std::size_t v) const { return place(v, y_step); }
  HWY_INLINE std::size_t gate(std::size_t v) const { return place(v, gate_step); }

 private:
  // If tiles are not contiguous, lanes are kLaneMultiple.
  HWY_INLINE static std::size_t place(std::size_t v, std::size_t step) {
    const std::size_t n = hn::Lanes(Vector<T>());
    if constexpr (kContiguous) return v * n;
    const std::size_t vectors_a_position = kLaneMultiple / n;
    return v / vectors_a_position * step + v % vectors_a_position * n;
  }
};

// The start of a tile in each operand.
struct Place {
  std::size_t x = 0, y = 0, gate = 0;

  HWY_INLINE Place after(std::size_t positions, const PositionRun& run) const {
    return {x + positions * run.x_step, y + positions * run.y_step, gate + positions * run.gate_step};
  }
  HWY_INLINE Place after(std::size_t values) const { return {x + values, y + values, gate + values}; }
};

// Four offsets in one load.
struct FourOffsets {
  std::uint64_t packed;
  explicit FourOffsets(const std::uint16_t* from) { std::memcpy(&packed, from, sizeof packed); }
  std::size_t operator[](unsigned i) const { return packed >> (16 * i) & 0xFFFF; }
};

// Brings what the next tile needs into the second-level cache while this one is computed: too many channels
// are read side by side for a hardware prefetcher to follow. The work is spread over the rows.
template <class T>
class Lookahead {
 public:
  Lookahead(const PositionRun& run, std::uint32_t rows, std::uint32_t window, const T* x,
            std::size_t tile_values)
      : bytes_(tile_values * sizeof(T)) {
    if (window > 0 || run.x_channels == 0 || rows == 0) return;
    next_ = reinterpret_cast<const char*>(x + run.x_frontier);
    step_ = run.x_channel * sizeof(T);
    left_ = run.x_channels;
    a_row_ = (run.x_channels + rows - 1) / rows;
  }

  // `gate` may be null.
  HWY_INLINE void fetch_for_row(const T* y, const T* gate) {
    if (a_row_ == 0) return;
    fetch(reinterpret_cast<const char*>(y) + bytes_);
    if (gate) fetch(reinterpret_cast<const char*>(gate) + bytes_);
    for (std::size_t i = 0; i < a_row_ && left_ > 0; ++i, --left_, next_ += step_) fetch(next_);
  }

 private:
  HWY_INLINE void fetch(const char* from) const {
    constexpr int kRead = 0, kSecondLevel = 2;
    for (std::size_t b = 0; b < bytes_; b += kAlignment) __builtin_prefetch(from + b, kRead, kSecondLevel);
  }

  std::size_t bytes_, step_ = 0, left_ = 0, a_row_ = 0;
  const char* next_ = nullptr;
};

template <class T>
struct RowProducts {
  const SparseRows& rows;
  const T* values;
  const T* bias;
  Activation activation;
  const PositionRun& run;
};

// Computes one tile of outputs of all rows, for the inputs of one window. Long rows of few vectors are summed
// in two or four sets, so that enough multiply-adds are under way; for short rows the sets would only cost.
template <bool kLongRows, class TileOf, class T>
HWY_INLINE void multiply_window(const RowProducts<T>& p, std::uint32_t window, TileOf tile,
                                const T* HWY_RESTRICT x, T* HWY_RESTRICT y, const T* HWY_RESTRICT gate) {
  const Vector<T> d;
  constexpr std::size_t kVectors = TileOf::kVectors;
  constexpr std::size_t kSets = kVectors == 1 ? 4 : kVectors == 2 || (kLongRows && kVectors == 4) ? 2 : 1;
  const bool first = window == 0, last = window + 1 == p.rows.windows;
  const std::uint32_t* HWY_RESTRICT begin = p.rows.begin.data() + std::size_t{window} * p.rows.rows;
  const std::uint32_t* HWY_RESTRICT end = begin + p.rows.rows;
  const std::uint16_t* HWY_RESTRICT offset = p.rows.offset.data();
  const T* HWY_RESTRICT values = p.values;
  const std::size_t lanes = p.run.lanes, y_row = p.run.y_row, gate_row = p.run.gate_row;
  const bool gated = last && gate;
  Lookahead<T> lookahead(p.run, p.rows.rows, window, x, kVectors * hn::Lanes(d));
  x += p.rows.origin[window] * lanes;
  const Register<T> floor =
      hn::Set(d, last && p.activation == Activation::relu ? T(0) : hwy::LowestValue<T>());
  for (std::size_t r = 0; r < p.rows.rows; ++r, y += y_row) {
    lookahead.fetch_for_row(y, gate);
    Register<T> sum[kSets][kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) {
      sum[0][v] = first ? (p.bias ? hn::Set(d, p.bias[r]) : hn::Zero(d)) : hn::Load(d, y + tile.y(v));
      for (std::size_t set = 1; set < kSets; ++set) sum[set][v] = hn::Zero(d);
    }
    const auto add = [&](std::size_t set, std::size_t k, std::size_t at) HWY_ATTR {
      const Register<T> weight = hn::Set(d, values[k]);
      const T* HWY_RESTRICT input = x + at * lanes;
      for (std::size_t v = 0; v < kVectors; ++v)
        sum[set][v] = hn::MulAdd(weight, hn::Load(d, input + tile.x(v)), sum[set][v]);
    };
    std::size_t k = begin[r];
    const std::size_t stop = end[r];
    for (; k + 4 <= stop; k += 4) {
      const FourOffsets at(offset + k);
      for (unsigned i = 0; i < 4; ++i) add(i % kSets, k + i, at[i]);
    }
    for (; k < stop; ++k) add(0, k, offset[k]);
    for (std::size_t v = 0; v < kVectors; ++v) {
      Register<T> total = sum[0][v];
      for (std::size_t set = 1; set < kSets; ++set) total = hn::Add(total, sum[set][v]);
      total = hn::Max(floor, total);  // in this order a NaN passes
      if (gated) total = hn::IfThenElseZero(hn::Gt(hn::Load(d, gate + tile.gate(v)), hn::Zero(d)), total);
      hn::Store(total, d, y + tile.y(v));
    }
    if (gate) gate += gate_row;
  }
}

// Computes to[i] = (accumulate ? to[i] : 0) + the sum of the lanes of v[i], for four registers.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_four_sums(D d, const hn::Vec<D> (&v)[4], bool accumulate, T* HWY_RESTRICT to) {
  for (int i = 0; i < 4; ++i) to[i] = (accumulate ? to[i] : T(0)) + hn::GetLane(hn::SumOfLanes(d, v[i]));
}

#if HWY_TARGET != HWY_SCALAR
template <class D>
HWY_INLINE hn::Vec<D> add_pairs(D d, hn::Vec<D> a, hn::Vec<D> b) {
  return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
}

// Returns the sum of a register's blocks of four floats.
template <class D>
HWY_INLINE hn::Vec<hn::Full128<float>> sum_of_blocks([[maybe_unused]] D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    return v;
  } else {
    const hn::Half<D> half;
    return sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}

// Sums floats by a transposing tree, which needs a third of the shuffles of four separate sums.
template <class D>
HWY_INLINE void store_four_sums(D d, const hn::Vec<D> (&v)[4], bool accumulate, float* HWY_RESTRICT to) {
  const hn::Full128<float> four;
  const auto sums = sum_of_blocks(d, add_pairs(d, add_pairs(d, v[0], v[2]), add_pairs(d, v[1], v[3])));
  hn::StoreU(accumulate ? hn::Add(sums, hn::LoadU(four, to)) : sums, four, to);
}
#endif

template <class T>
struct Sampling {
  const SparseRows& rows;
  const PositionRun& run;
  bool accumulate;
  T* gradient;
};

// Adds one tile's share of the gradients of all survivors in one window.
template <class TileOf, class T>
HWY_INLINE void sample_window(const Sampling<T>& s, std::uint32_t window, TileOf tile,
                              const T* HWY_RESTRICT x, const T* HWY_RESTRICT dy) {
  const Vector<T> d;
  constexpr std::size_t kVectors = TileOf::kVectors;
  const std::uint32_t* HWY_RESTRICT begin = s.rows.begin.data() + std::size_t{window} * s.rows.rows;
  const std::uint32_t* HWY_RESTRICT end = begin + s.rows.rows;
  const std::uint16_t* HWY_RESTRICT offset = s.rows.offset.data();
  T* HWY_RESTRICT gradient = s.gradient;
  const std::size_t lanes = s.run.lanes, y_row = s.run.y_row;
  Lookahead<T> lookahead(s.run, s.rows.rows, window, x, kVectors * hn::Lanes(d));
  x += s.rows.origin[window] * lanes;
  for (std::size_t r = 0; r < s.rows.rows; ++r, dy += y_row) {
    lookahead.fetch_for_row(dy, nullptr);
    std::size_t k = begin[r];
    const std::size_t stop = end[r];
    if (k == stop) continue;
    Register<T> row[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) row[v] = hn::Load(d, dy + tile.y(v));
    const auto dot = [&](std::size_t at) HWY_ATTR {
      const T* HWY_RESTRICT input = x + at * lanes;
      Register<T> sum = hn::Mul(row[0], hn::Load(d, input + tile.x(0)));
      for (std::size_t v = 1; v < kVectors; ++v)
        sum = hn::MulAdd(row[v], hn::Load(d, input + tile.x(v)), sum);
      return sum;
    };
    for (; k + 4 <= stop; k += 4) {
      const FourOffsets at(offset + k);
      const Register<T> sums[4] = {dot(at[0]), dot(at[1]), dot(at[2]), dot(at[3])};
      store_four_sums(d, sums, s.accumulate, gradient + k);
    }
    for (; k < stop; ++k) {
      const T sum = hn::GetLane(hn::SumOfLanes(d, dot(offset[k])));
      gradient[k] = s.accumulate ? gradient[k] + sum : sum;
    }
  }
}

// Calls body(tile, its place) over the run, in tiles as large as possible.
template <class T, class Body>
HWY_INLINE void for_each_tile(const PositionRun& run, const Body& body) {
  const std::size_t n = hn::Lanes(Vector<T>());
  const auto cover = [&]<bool kContiguous>(std::size_t vectors, Place place) HWY_ATTR {
    const auto tiles_of = [&]<std::size_t V>() HWY_ATTR {
      for (; vectors >= V; vectors -= V) {
        body(Tile<V, kContiguous, T>(run), place);
        place = kContiguous ? place.after(V * n) : place.after(V * n / kLaneMultiple, run);
      }
    };
    tiles_of.template operator()<8>();
    tiles_of.template operator()<4>();
    tiles_of.template operator()<2>();
    tiles_of.template operator()<1>();
  };
  const std::size_t vectors = run.lanes / n;
  const bool contiguous = run.x_step == run.lanes && run.y_step == run.lanes && run.gate_step == run.lanes;
  if (run.positions == 1 || contiguous) {
    cover.template operator()<true>(run.positions * vectors, {});
  } else if (run.lanes == kLaneMultiple && vectors <= kTileVectors) {
    cover.template operator()<false>(run.positions * vectors, {});
  } else {
    for (std::size_t j = 0; j < run.positions; ++j)
      cover.template operator()<true>(vectors, Place().after(j, run));
  }
}

template <class T>
void multiply(const SparseRows& rows, const T* values, const T* bias, Activation activation, const T* x, T* y,
              const T* gate, const PositionRun& run) {
  const RowProducts<T> product{rows, values, bias, activation, run};
  for_each_tile<T>(run, [&](auto tile, const Place& place) HWY_ATTR {
    const T* HWY_RESTRICT from = x + place.x;
    T* HWY_RESTRICT to = y + place.y;
    const T* HWY_RESTRICT through = gate ? gate + place.gate : nullptr;
    if (rows.windows == 1) return multiply_window<false>(product, 0, tile, from, to, through);
    for (std::uint32_t w = 0; w < rows.windows; ++w)
      multiply_window<true>(product, w, tile, from, to, through);
  });
}

template <class T>
void sample(const SparseRows& rows, const T* dy, const T* x, bool accumulate, T* gradient,
            const PositionRun& run) {
  Sampling<T> sampling{rows, run, accumulate, gradient};
  for_each_tile<T>(run, [&](auto tile, const Place& place) HWY_ATTR {
    for (std::uint32_t w = 0; w < rows.windows; ++w)
      sample_window(sampling, w, tile, x + place.x, dy + place.y);
    sampling.accumulate = true;
  });
}

// Each type has a name of its own, since dispatch tables hold plain functions.
constexpr auto& kMultiplyFloat = multiply<float>;
constexpr auto& kMultiplyDouble = multiply<double>;
constexpr auto& kSampleFloat = sample<float>;
constexpr auto& kSampleDouble = sample<double>;

const char* target_name() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(kMultiplyFloat);
HWY_EXPORT(kMultiplyDouble);
HWY_EXPORT(kSampleFloat);
HWY_EXPORT(kSampleDouble);
HWY_EXPORT(target_name);

template <>
void multiply_rows(const SparseRows& rows, const float* values, const float* bias, Activation activation,
                   const float* x, float* y, const float* gate, const PositionRun& run) {
  HWY_DYNAMIC_DISPATCH(kMultiplyFloat)(rows, values, bias, activation, x, y, gate, run);
}
template <>
void multiply_rows(const SparseRows& rows, const double* values, const double* bias, Activation activation,
                   const double* x, double* y, const double* gate, const PositionRun& run) {
  HWY_DYNAMIC_DISPATCH(kMultiplyDouble)(rows, values, bias, activation, x, y, gate, run);
}
template <>
void sample_products(const SparseRows& rows, const float* dy, const float* x, bool accumulate,
                     float* gradient, const PositionRun& run) {
  HWY_DYNAMIC_DISPATCH(kSampleFloat)(rows, dy, x, accumulate, gradient, run);
}
template <>
void sample_products(const SparseRows& rows, const double* dy, const double* x, bool accumulate,
                     double* gradient, const PositionRun& run) {
  HWY_DYNAMIC_DISPATCH(kSampleDouble)(rows, dy, x, accumulate, gradient, run);
}

const char* simd_target() {
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

}  // namespace ltlab
#endif  // HWY_ONCE
