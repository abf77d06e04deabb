#include "ltlab/kernels/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/elementwise.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
#include "ltlab/kernels/rows-inl.h"
// clang-format on

#include <algorithm>
#include <array>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void bias_and_activation(const T* bias, Activation activation, Activations<T>& y) {
  const Vector<T> d;
  const auto floor = hn::Set(d, activation == Activation::relu ? T(0) : hwy::LowestValue<T>());
  const auto add = [&](std::size_t c, std::size_t values, T* row) HWY_ATTR {
    const auto b = hn::Set(d, bias[c]);
    for (std::size_t i = 0; i < values; i += hn::Lanes(d))
      hn::Store(hn::Max(floor, hn::Add(hn::Load(d, row + i), b)), d, row + i);
  };
  for (std::size_t p = 0; p < y.panels(); ++p) for_each_row(p, {0, y.image().channels}, add, y);
}

template <class T>
void rectify(const Activations<T>& y, Activations<T>& dy) {
  const Vector<T> d;
  const auto zero = hn::Zero(d);
  const auto pass = [&](std::size_t /*channel*/, std::size_t values, const T* out, T* row) HWY_ATTR {
    for (std::size_t i = 0; i < values; i += hn::Lanes(d)) {
      const auto positive = hn::Gt(hn::Load(d, out + i), zero);
      hn::Store(hn::IfThenElseZero(positive, hn::Load(d, row + i)), d, row + i);
    }
  };
  for (std::size_t p = 0; p < dy.panels(); ++p) for_each_row(p, {0, dy.image().channels}, pass, y, dy);
}

template <class T>
void sum_and_activation(Activation activation, const Activations<T>& a, const Activations<T>& b,
                        Activations<T>& y) {
  const Vector<T> d;
  const auto floor = hn::Set(d, activation == Activation::relu ? T(0) : hwy::LowestValue<T>());
  const auto add = [&](std::size_t /*channel*/, std::size_t values, const T* left, const T* right,
                       T* out) HWY_ATTR {
    for (std::size_t i = 0; i < values; i += hn::Lanes(d))
      hn::Store(hn::Max(floor, hn::Add(hn::Load(d, left + i), hn::Load(d, right + i))), d, out + i);
  };
  for (std::size_t p = 0; p < y.panels(); ++p) for_each_row(p, {0, y.image().channels}, add, a, b, y);
}

template <class T>
void sum_of_gradients(Activation activation, const Activations<T>& y, const Activations<T>& other_dy,
                      Activations<T>& dy) {
  const Vector<T> d;
  const bool masked = activation == Activation::relu;
  const auto add = [&](std::size_t /*channel*/, std::size_t values, const T* out, const T* other, T* row)
                       HWY_ATTR {
                         for (std::size_t i = 0; i < values; i += hn::Lanes(d)) {
                           auto sum = hn::Add(hn::Load(d, row + i), hn::Load(d, other + i));
                           if (masked)
                             sum = hn::IfThenElseZero(hn::Gt(hn::Load(d, out + i), hn::Zero(d)), sum);
                           hn::Store(sum, d, row + i);
                         }
                       };
  for (std::size_t p = 0; p < y.panels(); ++p) for_each_row(p, {0, y.image().channels}, add, y, other_dy, dy);
}

// Adds the sums of every block-th of the values to gradient[0], ..., gradient[block - 1].
template <class T>
void add_sums_of_block(std::size_t block, std::size_t values, const T* row, T* gradient) {
  const hn::CappedTag<T, 8> d;
  for (std::size_t c = 0; c < block; c += hn::Lanes(d)) {
    auto sum = hn::Zero(d);
    for (std::size_t i = c; i < values; i += block) sum = hn::Add(sum, hn::Load(d, row + i));
    hn::StoreU(hn::Add(hn::LoadU(d, gradient + c), sum), d, gradient + c);
  }
}

template <class T>
void sum_of_channels(const Activations<T>& dy, std::size_t block, bool accumulate, T* gradient) {
  const Vector<T> d;
  const auto add = [&](std::size_t c, std::size_t values, const T* row) HWY_ATTR {
    if (block > 1) return add_sums_of_block(block, values, row, gradient + c * block);
    auto sum = hn::Zero(d);
    for (std::size_t i = 0; i < values; i += hn::Lanes(d)) sum = hn::Add(sum, hn::Load(d, row + i));
    gradient[c] += hn::GetLane(hn::SumOfLanes(d, sum));
  };
  if (!accumulate) std::fill_n(gradient, dy.image().channels * block, T(0));
  for (std::size_t p = 0; p < dy.panels(); ++p) for_each_row(p, {0, dy.image().channels}, add, dy);
}

// Computes the softmax of one panel. Writes each image's log of the sum of exp(logit) and, if asked,
// probability x scale.
template <class T>
void softmax_panel(const T* logits, std::size_t classes, std::size_t lanes, const T* scale, T* log_sum,
                   T* gradient) {
  const Vector<T> d;
  for (std::size_t i = 0; i < lanes; i += hn::Lanes(d)) {
    auto largest = hn::Load(d, logits + i);
    for (std::size_t c = 1; c < classes; ++c) largest = hn::Max(largest, hn::Load(d, logits + c * lanes + i));
    auto sum = hn::Zero(d);
    for (std::size_t c = 0; c < classes; ++c) {
      const auto e = hn::Exp(d, hn::Sub(hn::Load(d, logits + c * lanes + i), largest));
      if (gradient) hn::Store(e, d, gradient + c * lanes + i);
      sum = hn::Add(sum, e);
    }
    hn::Store(hn::Add(largest, hn::Log(d, sum)), d, log_sum + i);
    if (!gradient) continue;
    const auto factor = hn::Div(hn::Load(d, scale + i), sum);
    for (std::size_t c = 0; c < classes; ++c) {
      hn::Store(hn::Mul(factor, hn::Load(d, gradient + c * lanes + i)), d, gradient + c * lanes + i);
    }
  }
}

// Calls body(vector tag, first element) for whole vectors, and then for each remaining element.
template <class Body>
HWY_INLINE void for_each_vector(std::size_t size, const Body& body) {
  const Vector<float> d;
  const std::size_t n = hn::Lanes(d);
  std::size_t i = 0;
  for (; i + n <= size; i += n) body(d, i);
  for (; i < size; ++i) body(hn::CappedTag<float, 1>(), i);
}

void sgd(const SgdCoefficients& c, std::size_t size, float* HWY_RESTRICT weights,
         const float* HWY_RESTRICT gradient, float* HWY_RESTRICT velocity) {
  for_each_vector(size, [&](auto d, std::size_t i) HWY_ATTR {
    const auto w = hn::LoadU(d, weights + i);
    const auto momentum = hn::Set(d, c.momentum);
    const auto g = hn::MulAdd(hn::Set(d, c.weight_decay), w, hn::LoadU(d, gradient + i));
    auto direction = g;
    if (velocity) {
      const auto v = hn::MulAdd(momentum, hn::LoadU(d, velocity + i), g);
      hn::StoreU(v, d, velocity + i);
      direction = c.nesterov ? hn::MulAdd(momentum, v, g) : v;
    }
    hn::StoreU(hn::NegMulAdd(hn::Set(d, c.rate), direction, w), d, weights + i);
  });
}

void adam(const AdamCoefficients& c, std::size_t size, float* HWY_RESTRICT weights,
          const float* HWY_RESTRICT gradient, float* HWY_RESTRICT first, float* HWY_RESTRICT second) {
  const float rate = c.rate / c.correction1;
  const float root = 1.0f / std::sqrt(c.correction2);
  const float shrink = c.decoupled_decay ? 1.0f - c.rate * c.weight_decay : 1.0f;
  const float decay = c.decoupled_decay ? 0.0f : c.weight_decay;
  for_each_vector(size, [&](auto d, std::size_t i) HWY_ATTR {
    const auto w = hn::LoadU(d, weights + i);
    const auto g = hn::MulAdd(hn::Set(d, decay), w, hn::LoadU(d, gradient + i));
    const auto m =
        hn::MulAdd(hn::Set(d, c.beta1), hn::LoadU(d, first + i), hn::Mul(hn::Set(d, 1 - c.beta1), g));
    const auto v = hn::MulAdd(hn::Set(d, c.beta2), hn::LoadU(d, second + i),
                              hn::Mul(hn::Set(d, 1 - c.beta2), hn::Mul(g, g)));
    const auto scale = hn::MulAdd(hn::Sqrt(v), hn::Set(d, root), hn::Set(d, c.epsilon));
    hn::StoreU(m, d, first + i);
    hn::StoreU(v, d, second + i);
    const auto step = hn::Div(hn::Mul(hn::Set(d, rate), m), scale);
    hn::StoreU(hn::MulSub(hn::Set(d, shrink), w, step), d, weights + i);
  });
}

// Each type has a name of its own, since dispatch tables hold plain functions.
constexpr auto& kBiasFloat = bias_and_activation<float>;
constexpr auto& kBiasDouble = bias_and_activation<double>;
constexpr auto& kRectifyFloat = rectify<float>;
constexpr auto& kRectifyDouble = rectify<double>;
constexpr auto& kAdditionFloat = sum_and_activation<float>;
constexpr auto& kAdditionDouble = sum_and_activation<double>;
constexpr auto& kGradientsFloat = sum_of_gradients<float>;
constexpr auto& kGradientsDouble = sum_of_gradients<double>;
constexpr auto& kSumFloat = sum_of_channels<float>;
constexpr auto& kSumDouble = sum_of_channels<double>;
constexpr auto& kSoftmaxFloat = softmax_panel<float>;
constexpr auto& kSoftmaxDouble = softmax_panel<double>;

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(kBiasFloat);
HWY_EXPORT(kBiasDouble);
HWY_EXPORT(kRectifyFloat);
HWY_EXPORT(kRectifyDouble);
HWY_EXPORT(kAdditionFloat);
HWY_EXPORT(kAdditionDouble);
HWY_EXPORT(kGradientsFloat);
HWY_EXPORT(kGradientsDouble);
HWY_EXPORT(kSumFloat);
HWY_EXPORT(kSumDouble);
HWY_EXPORT(kSoftmaxFloat);
HWY_EXPORT(kSoftmaxDouble);
HWY_EXPORT(sgd);
HWY_EXPORT(adam);

template <>
void add_bias_and_activate(const float* bias, Activation activation, Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(kBiasFloat)(bias, activation, y);
}
template <>
void add_bias_and_activate(const double* bias, Activation activation, Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(kBiasDouble)(bias, activation, y);
}
template <>
void rectify_gradient(const Activations<float>& y, Activations<float>& dy) {
  HWY_DYNAMIC_DISPATCH(kRectifyFloat)(y, dy);
}
template <>
void rectify_gradient(const Activations<double>& y, Activations<double>& dy) {
  HWY_DYNAMIC_DISPATCH(kRectifyDouble)(y, dy);
}
template <>
void add_and_activate(Activation activation, const Activations<float>& a, const Activations<float>& b,
                      Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(kAdditionFloat)(activation, a, b, y);
}
template <>
void add_and_activate(Activation activation, const Activations<double>& a, const Activations<double>& b,
                      Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(kAdditionDouble)(activation, a, b, y);
}
template <>
void add_gradient(Activation activation, const Activations<float>& y, const Activations<float>& other_dy,
                  Activations<float>& dy) {
  HWY_DYNAMIC_DISPATCH(kGradientsFloat)(activation, y, other_dy, dy);
}
template <>
void add_gradient(Activation activation, const Activations<double>& y, const Activations<double>& other_dy,
                  Activations<double>& dy) {
  HWY_DYNAMIC_DISPATCH(kGradientsDouble)(activation, y, other_dy, dy);
}
template <>
void bias_gradient(const Activations<float>& dy, std::size_t block, bool accumulate, float* gradient) {
  HWY_DYNAMIC_DISPATCH(kSumFloat)(dy, block, accumulate, gradient);
}
template <>
void bias_gradient(const Activations<double>& dy, std::size_t block, bool accumulate, double* gradient) {
  HWY_DYNAMIC_DISPATCH(kSumDouble)(dy, block, accumulate, gradient);
}

namespace {

void softmax(const float* x, std::size_t classes, std::size_t lanes, const float* scale, float* sum,
             float* g) {
  HWY_DYNAMIC_DISPATCH(kSoftmaxFloat)(x, classes, lanes, scale, sum, g);
}
void softmax(const double* x, std::size_t classes, std::size_t lanes, const double* scale, double* sum,
             double* g) {
  HWY_DYNAMIC_DISPATCH(kSoftmaxDouble)(x, classes, lanes, scale, sum, g);
}

// Returns the class of the first of one image's largest logits.
template <class T>
std::size_t predicted_class(const T* logits, std::size_t classes, std::size_t lanes) {
  std::size_t best = 0;
  for (std::size_t c = 1; c < classes; ++c) {
    if (logits[c * lanes] > logits[best * lanes]) best = c;
  }
  return best;
}

}  // namespace

template <class T>
BatchLoss softmax_cross_entropy(const Activations<T>& logits, std::span<const std::uint8_t> labels,
                                std::size_t mean_of, Activations<T>* gradient) {
  const std::size_t lanes = logits.lanes(), classes = logits.features(), batch = logits.batch();
  alignas(kAlignment) std::array<T, kMaxLanes> scale{}, log_sum{};
  BatchLoss result;
  for (std::size_t p = 0; p < logits.panels(); ++p) {
    const std::size_t images = std::min(lanes, batch - p * lanes);
    for (std::size_t i = 0; i < lanes; ++i) scale[i] = i < images ? T(1) / static_cast<T>(mean_of) : T(0);
    T* panel_gradient = gradient ? gradient->panel(p) : nullptr;
    const T* panel = logits.panel(p);
    softmax(panel, classes, lanes, scale.data(), log_sum.data(), panel_gradient);
    for (std::size_t i = 0; i < images; ++i) {
      const std::size_t label = labels[p * lanes + i];
      result.loss += static_cast<double>(log_sum[i] - panel[label * lanes + i]);
      if (panel_gradient) panel_gradient[label * lanes + i] -= scale[i];
      result.correct += predicted_class(panel + i, classes, lanes) == label;
    }
  }
  return result;
}

template BatchLoss softmax_cross_entropy(const Activations<float>&, std::span<const std::uint8_t>,
                                         std::size_t, Activations<float>*);
template BatchLoss softmax_cross_entropy(const Activations<double>&, std::span<const std::uint8_t>,
                                         std::size_t, Activations<double>*);

template <class T>
void predict_classes(const Activations<T>& logits, std::span<std::uint8_t> classes,
                     std::span<float> probabilities) {
  const std::size_t lanes = logits.lanes(), count = logits.features(), batch = logits.batch();
  alignas(kAlignment) std::array<T, kMaxLanes> scale{}, log_sum{};
  for (std::size_t p = 0; p < logits.panels(); ++p) {
    const T* panel = logits.panel(p);
    softmax(panel, count, lanes, scale.data(), log_sum.data(), nullptr);
    for (std::size_t i = 0; i < std::min(lanes, batch - p * lanes); ++i) {
      const std::size_t best = predicted_class(panel + i, count, lanes);
      classes[p * lanes + i] = static_cast<std::uint8_t>(best);
      const T probability = std::exp(panel[best * lanes + i] - log_sum[i]);
      probabilities[p * lanes + i] = static_cast<float>(std::min(probability, T(1)));  // but for rounding
    }
  }
}

template void predict_classes(const Activations<float>&, std::span<std::uint8_t>, std::span<float>);
template void predict_classes(const Activations<double>&, std::span<std::uint8_t>, std::span<float>);

void sgd_update(const SgdCoefficients& c, std::size_t size, float* weights, const float* gradient,
                float* velocity) {
  HWY_DYNAMIC_DISPATCH(sgd)(c, size, weights, gradient, velocity);
}

void adam_update(const AdamCoefficients& c, std::size_t size, float* weights, const float* gradient,
                 float* first, float* second) {
  HWY_DYNAMIC_DISPATCH(adam)(c, size, weights, gradient, first, second);
}

}  // namespace ltlab
#endif  // HWY_ONCE
