#include "ltlab/kernels/batch_norm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/batch_norm.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
#include "ltlab/kernels/rows-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>

#include "ltlab/base/error.h"

// Memory limits the speed of these kernels. All of a channel is therefore done before the next begins: its
// values come from memory once, and from a cache the second time.
HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums are in double. A double holds the square of a float exactly, so that even the difference of mean
// square and squared mean leaves a float's variance all its digits.
using Wide = hn::CappedTag<double, kLaneMultiple>;
using WideRegister = hn::Vec<Wide>;
// As many values as a register of doubles holds, and the number of such registers in kLaneMultiple images.
template <class T>
using Narrow = hn::Rebind<T, Wide>;
constexpr std::size_t kWideVectors = kLaneMultiple / hn::MaxLanes(Wide());

template <class V>
HWY_INLINE WideRegister widen(V v) {
  if constexpr (std::is_same_v<V, WideRegister>) {
    return v;
  } else {
    return hn::PromoteTo(Wide(), v);
  }
}

// Two sums over the images of a channel.
class TwoSums {
 public:
  // Written out, since an implicit constructor would lack the target's instructions.
  HWY_INLINE TwoSums() : first_(hn::Zero(Wide())), second_(hn::Zero(Wide())) {}

  // Calls body(position of a vector's values, its two sums to add to) for kLaneMultiple lanes at each
  // position, of which the first `images` count.
  template <class Body>
  HWY_INLINE void add(std::size_t images, std::size_t positions, std::size_t lanes, const Body& body) {
    WideRegister first[kWideVectors], second[kWideVectors];
    for (std::size_t v = 0; v < kWideVectors; ++v) first[v] = second[v] = hn::Zero(Wide());
    for (std::size_t j = 0; j < positions; ++j) {
      for (std::size_t v = 0; v < kWideVectors; ++v)
        body(j * lanes + v * hn::Lanes(Wide()), first[v], second[v]);
    }
    for (std::size_t v = 0; v < kWideVectors; ++v) {
      const auto real = image_lanes(Wide(), images, v);
      first_ = hn::Add(first_, hn::IfThenElseZero(real, first[v]));
      second_ = hn::Add(second_, hn::IfThenElseZero(real, second[v]));
    }
  }

  double first() const { return hn::GetLane(hn::SumOfLanes(Wide(), first_)); }
  double second() const { return hn::GetLane(hn::SumOfLanes(Wide(), second_)); }

 private:
  WideRegister first_, second_;
};

// The map that one channel's values pass through.
template <class T>
struct Scaling {
  T mean, inverse_deviation, gamma, beta, floor;

  template <class D>
  HWY_INLINE hn::Vec<D> centred(D d, hn::Vec<D> x) const {
    return hn::Sub(x, hn::Set(d, mean));
  }
  // Returns y before its activation, from x - mean. Forward and backward must agree in every bit.
  template <class D>
  HWY_INLINE hn::Vec<D> scaled(D d, hn::Vec<D> x) const {
    return hn::MulAdd(hn::Set(d, gamma * inverse_deviation), x, hn::Set(d, beta));
  }
};

template <class T>
Scaling<T> scaling_of_channel(const BatchNorm<T>& norm, std::size_t c, T mean, T inverse_deviation) {
  const T floor = norm.activation == Activation::relu ? T(0) : hwy::LowestValue<T>();
  return {mean, inverse_deviation, norm.gamma[c], norm.beta[c], floor};
}

template <class T>
HWY_INLINE void scale_channel(const Scaling<T>& s, std::size_t c, const Activations<T>& x,
                              Activations<T>& y) {
  const Vector<T> d;
  const auto scale = [&](std::size_t /*channel*/, std::size_t values, const T* in, T* out) HWY_ATTR {
    for (std::size_t i = 0; i < values; i += hn::Lanes(d)) {
      const auto z = s.scaled(d, s.centred(d, hn::Load(d, in + i)));
      hn::Store(hn::Max(hn::Set(d, s.floor), z), d, out + i);
    }
  };
  for (std::size_t p = 0; p < x.panels(); ++p) for_each_row(p, {c, 1}, scale, x, y);
}

struct Moments {
  double mean, variance;
};

template <class T>
HWY_INLINE Moments moments_of_channel(std::size_t c, const Activations<T>& x, double count) {
  const Narrow<T> d;
  TwoSums sums;
  const auto add = [&](std::size_t images, std::size_t positions, const T* from) HWY_ATTR {
    sums.add(images, positions, x.lanes(),
             [&](std::size_t at, WideRegister& sum, WideRegister& squares) HWY_ATTR {
               const WideRegister value = widen(hn::Load(d, from + at));
               sum = hn::Add(sum, value);
               squares = hn::MulAdd(value, value, squares);
             });
  };
  for_each_column(c, add, x);
  const double mean = sums.first() / count;
  return {mean, std::max(0.0, sums.second() / count - mean * mean)};
}

double values_a_channel(const ActivationShape& x) {
  return static_cast<double>(x.batch * x.image.height * x.image.width);
}

template <class T>
void normalize_training(const BatchNorm<T>& norm, const Activations<T>& x, const BatchStatistics<T>& batch,
                        Activations<T>& y) {
  const double count = values_a_channel(x.shape());
  const auto step = [&](T& running, double value) {
    running = static_cast<T>((1 - norm.momentum) * static_cast<double>(running) + norm.momentum * value);
  };
  for (std::size_t c = 0; c < x.image().channels; ++c) {
    const Moments m = moments_of_channel(c, x, count);
    batch.mean[c] = static_cast<T>(m.mean);
    batch.inverse_deviation[c] = static_cast<T>(1 / std::sqrt(m.variance + norm.epsilon));
    step(norm.running_mean[c], m.mean);
    step(norm.running_variance[c], m.variance * count / (count - 1));
    scale_channel(scaling_of_channel(norm, c, batch.mean[c], batch.inverse_deviation[c]), c, x, y);
  }
}

template <class T>
void normalize_evaluation(const BatchNorm<T>& norm, const Activations<T>& x, Activations<T>& y) {
  for (std::size_t c = 0; c < x.image().channels; ++c) {
    const auto variance = static_cast<double>(norm.running_variance[c]);
    const auto inverse_deviation = static_cast<T>(1 / std::sqrt(variance + norm.epsilon));
    scale_channel(scaling_of_channel(norm, c, norm.running_mean[c], inverse_deviation), c, x, y);
  }
}

// Returns the gradient of y before its activation.
template <class D, class T>
HWY_INLINE hn::Vec<D> active_gradient(D d, const Scaling<T>& s, hn::Vec<D> centred, hn::Vec<D> dy) {
  return hn::IfThenElseZero(hn::Gt(s.scaled(d, centred), hn::Set(d, s.floor)), dy);
}

// Computes the sums of g and of g (x - mean).
template <class T>
HWY_INLINE TwoSums gradient_sums(const Scaling<T>& s, std::size_t c, const Activations<T>& x,
                                 const Activations<T>& dy) {
  const Narrow<T> d;
  TwoSums sums;
  const auto add = [&](std::size_t images, std::size_t positions, const T* in, const T* out) HWY_ATTR {
    sums.add(images, positions, x.lanes(),
             [&](std::size_t at, WideRegister& sum, WideRegister& products) HWY_ATTR {
               const auto centred = s.centred(d, hn::Load(d, in + at));
               const WideRegister g = widen(active_gradient(d, s, centred, hn::Load(d, out + at)));
               sum = hn::Add(sum, g);
               products = hn::MulAdd(g, widen(centred), products);
             });
  };
  for_each_column(c, add, x, dy);
  return sums;
}

template <class T>
HWY_INLINE void gradient_of_channel(const Scaling<T>& s, std::size_t c, T mean_gradient, T slope,
                                    const Activations<T>& x, const Activations<T>& dy, Activations<T>& dx) {
  const Vector<T> d;
  const auto write = [&](std::size_t images, std::size_t positions, const T* in, const T* out,
                         T* to) HWY_ATTR {
    const auto scale = hn::Set(d, s.gamma * s.inverse_deviation);
    for (std::size_t j = 0; j < positions; ++j) {
      for (std::size_t v = 0; v < kLaneMultiple / hn::MaxLanes(d); ++v) {
        const std::size_t at = j * x.lanes() + v * hn::Lanes(d);
        const auto centred = s.centred(d, hn::Load(d, in + at));
        const auto g = active_gradient(d, s, centred, hn::Load(d, out + at));
        const auto rest = hn::NegMulAdd(centred, hn::Set(d, slope), hn::Sub(g, hn::Set(d, mean_gradient)));
        hn::Store(hn::IfThenElseZero(image_lanes(d, images, v), hn::Mul(scale, rest)), d, to + at);
      }
    }
  };
  for_each_column(c, write, x, dy, dx);
}

template <class T>
void gradient_of_normalization(const BatchNorm<T>& norm, const BatchStatistics<T>& batch,
                               const Activations<T>& x, const Activations<T>& dy, Activations<T>& dx,
                               T* gamma_gradient, T* beta_gradient) {
  const double count = values_a_channel(x.shape());
  for (std::size_t c = 0; c < x.image().channels; ++c) {
    const T inverse_deviation = batch.inverse_deviation[c];
    const Scaling<T> s = scaling_of_channel(norm, c, batch.mean[c], inverse_deviation);
    const TwoSums sums = gradient_sums(s, c, x, dy);
    const double sum = sums.first(), sum_xhat = sums.second() * static_cast<double>(inverse_deviation);
    beta_gradient[c] = static_cast<T>(sum);
    gamma_gradient[c] = static_cast<T>(sum_xhat);
    const auto slope = static_cast<T>(sum_xhat * static_cast<double>(inverse_deviation) / count);
    gradient_of_channel(s, c, static_cast<T>(sum / count), slope, x, dy, dx);
  }
}

// Each type has a name of its own, since dispatch tables hold plain functions.
constexpr auto& kTrainingFloat = normalize_training<float>;
constexpr auto& kTrainingDouble = normalize_training<double>;
constexpr auto& kEvaluationFloat = normalize_evaluation<float>;
constexpr auto& kEvaluationDouble = normalize_evaluation<double>;
constexpr auto& kGradientFloat = gradient_of_normalization<float>;
constexpr auto& kGradientDouble = gradient_of_normalization<double>;

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(kTrainingFloat);
HWY_EXPORT(kTrainingDouble);
HWY_EXPORT(kEvaluationFloat);
HWY_EXPORT(kEvaluationDouble);
HWY_EXPORT(kGradientFloat);
HWY_EXPORT(kGradientDouble);

namespace {

void require_a_variance(const ActivationShape& x) {
  if (x.batch * x.image.height * x.image.width > 1) return;
  throw ConfigError(
      "batch normalization: a batch of one image with one position has no variance, and an epoch ends in "
      "such a one; choose another batch size");
}

}  // namespace

template <>
void batch_norm_training(const BatchNorm<float>& norm, const Activations<float>& x,
                         const BatchStatistics<float>& batch, Activations<float>& y) {
  require_a_variance(x.shape());
  HWY_DYNAMIC_DISPATCH(kTrainingFloat)(norm, x, batch, y);
}
template <>
void batch_norm_training(const BatchNorm<double>& norm, const Activations<double>& x,
                         const BatchStatistics<double>& batch, Activations<double>& y) {
  require_a_variance(x.shape());
  HWY_DYNAMIC_DISPATCH(kTrainingDouble)(norm, x, batch, y);
}
template <>
void batch_norm_evaluation(const BatchNorm<float>& norm, const Activations<float>& x, Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(kEvaluationFloat)(norm, x, y);
}
template <>
void batch_norm_evaluation(const BatchNorm<double>& norm, const Activations<double>& x,
                           Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(kEvaluationDouble)(norm, x, y);
}
template <>
void batch_norm_gradient(const BatchNorm<float>& norm, const BatchStatistics<float>& batch,
                         const Activations<float>& x, const Activations<float>& dy, Activations<float>& dx,
                         float* gamma_gradient, float* beta_gradient) {
  HWY_DYNAMIC_DISPATCH(kGradientFloat)(norm, batch, x, dy, dx, gamma_gradient, beta_gradient);
}
template <>
void batch_norm_gradient(const BatchNorm<double>& norm, const BatchStatistics<double>& batch,
                         const Activations<double>& x, const Activations<double>& dy, Activations<double>& dx,
                         double* gamma_gradient, double* beta_gradient) {
  HWY_DYNAMIC_DISPATCH(kGradientDouble)(norm, batch, x, dy, dx, gamma_gradient, beta_gradient);
}

}  // namespace ltlab
#endif  // HWY_ONCE
