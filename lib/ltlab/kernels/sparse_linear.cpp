#include "ltlab/kernels/sparse_linear.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/sparse_linear.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A register never holds more images than the narrowest panel.
template <class T>
using Vector = hn::CappedTag<T, kLaneMultiple>;

// Y[row] for V vectors of images. Two sets of accumulators where registers allow: a fused multiply-add takes
// 4 cycles and two start in each, so 8 independent sums keep the units busy and 4 would halve the speed.
template <std::size_t V, class T>
HWY_INLINE void multiply_tile(const CompressedRows& rows, const T* HWY_RESTRICT values,
                              const T* HWY_RESTRICT bias, Activation activation, const T* HWY_RESTRICT x,
                              std::size_t lanes, T* HWY_RESTRICT y) {
  const Vector<T> d;
  using Register = hn::Vec<Vector<T>>;
  constexpr std::size_t kSets = V <= 4 ? 2 : 1;
  const std::size_t n = hn::Lanes(d);
  const std::uint32_t* HWY_RESTRICT column = rows.column.data();
  for (std::size_t r = 0; r < rows.rows; ++r) {
    Register sum[kSets][V];
    const Register start = bias ? hn::Set(d, bias[r]) : hn::Zero(d);
    for (std::size_t v = 0; v < V; ++v) {
      sum[0][v] = start;
      if constexpr (kSets == 2) sum[1][v] = hn::Zero(d);
    }
    const std::size_t end = rows.begin[r + 1];
    std::size_t k = rows.begin[r];
    for (; k + kSets <= end; k += kSets) {
      for (std::size_t s = 0; s < kSets; ++s) {
        const Register weight = hn::Set(d, values[k + s]);
        const T* input = x + column[k + s] * lanes;
        for (std::size_t v = 0; v < V; ++v)
          sum[s][v] = hn::MulAdd(weight, hn::Load(d, input + v * n), sum[s][v]);
      }
    }
    if (k < end) {
      const Register weight = hn::Set(d, values[k]);
      const T* input = x + column[k] * lanes;
      for (std::size_t v = 0; v < V; ++v)
        sum[0][v] = hn::MulAdd(weight, hn::Load(d, input + v * n), sum[0][v]);
    }
    for (std::size_t v = 0; v < V; ++v) {
      Register total = sum[0][v];
      if constexpr (kSets == 2) total = hn::Add(total, sum[1][v]);
      if (activation == Activation::relu) total = hn::Max(total, hn::Zero(d));
      hn::Store(total, d, y + r * lanes + v * n);
    }
  }
}

// Stores the sums of the lanes of four registers, to[0] = sum of a, ...
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_four_sums(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e,
                                T* HWY_RESTRICT to) {
  to[0] = hn::GetLane(hn::SumOfLanes(d, a));
  to[1] = hn::GetLane(hn::SumOfLanes(d, b));
  to[2] = hn::GetLane(hn::SumOfLanes(d, c));
  to[3] = hn::GetLane(hn::SumOfLanes(d, e));
}

#if HWY_TARGET != HWY_SCALAR
template <class D>
HWY_INLINE hn::Vec<D> add_pairs(D d, hn::Vec<D> a, hn::Vec<D> b) {
  return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
}

template <class D>
HWY_INLINE void store_sum_of_blocks(D d, hn::Vec<D> v, float* HWY_RESTRICT to) {
  if constexpr (hn::MaxLanes(D()) <= 4) {
    hn::StoreU(v, d, to);
  } else {
    const hn::Half<D> half;
    store_sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)), to);
  }
}

// Floats by a transposing tree, which needs a third of the shuffles of four separate sums.
template <class D>
HWY_INLINE void store_four_sums(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e,
                                float* HWY_RESTRICT to) {
  store_sum_of_blocks(d, add_pairs(d, add_pairs(d, a, c), add_pairs(d, b, e)), to);
}
#endif

// gradient[k] (+)= dY[row] . X[column] over V vectors of images, four survivors at a time.
template <std::size_t V, class T>
HWY_INLINE void weight_gradient_tile(const CompressedRows& rows, const T* HWY_RESTRICT dy,
                                     const T* HWY_RESTRICT x, std::size_t lanes, bool accumulate,
                                     T* HWY_RESTRICT gradient) {
  const Vector<T> d;
  using Register = hn::Vec<Vector<T>>;
  const std::size_t n = hn::Lanes(d);
  const std::uint32_t* HWY_RESTRICT column = rows.column.data();
  for (std::size_t r = 0; r < rows.rows; ++r) {
    Register out[V];
    for (std::size_t v = 0; v < V; ++v) out[v] = hn::Load(d, dy + r * lanes + v * n);
    const auto dot = [&](std::size_t k) HWY_ATTR {
      const T* input = x + column[k] * lanes;
      Register sum = hn::Mul(out[0], hn::Load(d, input));
      for (std::size_t v = 1; v < V; ++v) sum = hn::MulAdd(out[v], hn::Load(d, input + v * n), sum);
      return sum;
    };
    const std::size_t end = rows.begin[r + 1];
    for (std::size_t k = rows.begin[r]; k < end; k += 4) {
      const std::size_t count = std::min<std::size_t>(4, end - k), last = end - 1;
      // Past the row's end the last survivor is computed again, which is cheaper than a second loop.
      std::array<T, 4> sums;
      store_four_sums(d, dot(k), dot(std::min(k + 1, last)), dot(std::min(k + 2, last)),
                      dot(std::min(k + 3, last)), sums.data());
      for (std::size_t i = 0; i < count; ++i)
        gradient[k + i] = accumulate ? gradient[k + i] + sums[i] : sums[i];
    }
  }
}

// Calls tile.template operator()<V>(first lane) over a panel, with at most 8 vectors a tile.
template <class T, class Tile>
HWY_INLINE void for_each_tile(std::size_t lanes, const Tile& tile) {
  const std::size_t n = hn::Lanes(Vector<T>());
  const std::size_t vectors = lanes / n;
  switch (vectors) {
    case 1:
      return tile.template operator()<1>(0);
    case 2:
      return tile.template operator()<2>(0);
    case 4:
      return tile.template operator()<4>(0);
    default:
      for (std::size_t v = 0; v < vectors; v += 8) tile.template operator()<8>(v * n);
  }
}

template <class T>
void multiply(const CompressedRows& rows, const T* values, const T* bias, Activation activation,
              const Activations<T>& x, Activations<T>& y) {
  const std::size_t lanes = x.lanes();
  for (std::size_t p = 0; p < x.panels(); ++p) {
    for_each_tile<T>(lanes, [&]<std::size_t V>(std::size_t lane) HWY_ATTR {
      multiply_tile<V>(rows, values, bias, activation, x.panel(p) + lane, lanes, y.panel(p) + lane);
    });
  }
}

template <class T>
void weight_gradient(const CompressedRows& rows, const Activations<T>& dy, const Activations<T>& x,
                     T* gradient) {
  const std::size_t lanes = x.lanes();
  for (std::size_t p = 0; p < x.panels(); ++p) {
    for_each_tile<T>(lanes, [&]<std::size_t V>(std::size_t lane) HWY_ATTR {
      weight_gradient_tile<V>(rows, dy.panel(p) + lane, x.panel(p) + lane, lanes, p + lane > 0, gradient);
    });
  }
}

// One name a type, since dispatch tables hold plain functions.
void multiply_float(const CompressedRows& rows, const float* values, const float* bias, Activation activation,
                    const Activations<float>& x, Activations<float>& y) {
  multiply(rows, values, bias, activation, x, y);
}
void multiply_double(const CompressedRows& rows, const double* values, const double* bias,
                     Activation activation, const Activations<double>& x, Activations<double>& y) {
  multiply(rows, values, bias, activation, x, y);
}
void weight_gradient_float(const CompressedRows& rows, const Activations<float>& dy,
                           const Activations<float>& x, float* gradient) {
  weight_gradient(rows, dy, x, gradient);
}
void weight_gradient_double(const CompressedRows& rows, const Activations<double>& dy,
                            const Activations<double>& x, double* gradient) {
  weight_gradient(rows, dy, x, gradient);
}
const char* target_name() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(multiply_float);
HWY_EXPORT(multiply_double);
HWY_EXPORT(weight_gradient_float);
HWY_EXPORT(weight_gradient_double);
HWY_EXPORT(target_name);

template <>
void sparse_multiply(const CompressedRows& rows, const float* values, const float* bias,
                     Activation activation, const Activations<float>& x, Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(multiply_float)(rows, values, bias, activation, x, y);
}
template <>
void sparse_multiply(const CompressedRows& rows, const double* values, const double* bias,
                     Activation activation, const Activations<double>& x, Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(multiply_double)(rows, values, bias, activation, x, y);
}
template <>
void sparse_weight_gradient(const CompressedRows& rows, const Activations<float>& dy,
                            const Activations<float>& x, float* gradient) {
  HWY_DYNAMIC_DISPATCH(weight_gradient_float)(rows, dy, x, gradient);
}
template <>
void sparse_weight_gradient(const CompressedRows& rows, const Activations<double>& dy,
                            const Activations<double>& x, double* gradient) {
  HWY_DYNAMIC_DISPATCH(weight_gradient_double)(rows, dy, x, gradient);
}

const char* simd_target() {
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

}  // namespace ltlab
#endif  // HWY_ONCE
