#include "ltlab/kernels/residual.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/residual.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
#include "ltlab/kernels/rows-inl.h"
// clang-format on

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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
void gradient_of_sum(Activation activation, const Activations<T>& y, const Activations<T>& dy,
                     const GradientTarget<T>& a, const GradientTarget<T>& b) {
  const Vector<T> d;
  const bool masked = activation == Activation::relu;
  const auto give = [&](std::size_t /*channel*/, std::size_t values, const T* out, const T* from, T* to_a,
                        T* to_b) HWY_ATTR {
    for (std::size_t i = 0; i < values; i += hn::Lanes(d)) {
      auto g = hn::Load(d, from + i);
      if (masked) g = hn::IfThenElseZero(hn::Gt(hn::Load(d, out + i), hn::Zero(d)), g);
      hn::Store(a.accumulate ? hn::Add(g, hn::Load(d, to_a + i)) : g, d, to_a + i);
      hn::Store(b.accumulate ? hn::Add(g, hn::Load(d, to_b + i)) : g, d, to_b + i);
    }
  };
  for (std::size_t p = 0; p < y.panels(); ++p)
    for_each_row(p, {0, y.image().channels}, give, y, dy, a.gradient, b.gradient);
}

// One name a type, since dispatch tables hold plain functions.
void addition_float(Activation f, const Activations<float>& a, const Activations<float>& b,
                    Activations<float>& y) {
  sum_and_activation(f, a, b, y);
}
void addition_double(Activation f, const Activations<double>& a, const Activations<double>& b,
                     Activations<double>& y) {
  sum_and_activation(f, a, b, y);
}
void addition_gradient_float(Activation f, const Activations<float>& y, const Activations<float>& dy,
                             const GradientTarget<float>& a, const GradientTarget<float>& b) {
  gradient_of_sum(f, y, dy, a, b);
}
void addition_gradient_double(Activation f, const Activations<double>& y, const Activations<double>& dy,
                              const GradientTarget<double>& a, const GradientTarget<double>& b) {
  gradient_of_sum(f, y, dy, a, b);
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(addition_float);
HWY_EXPORT(addition_double);
HWY_EXPORT(addition_gradient_float);
HWY_EXPORT(addition_gradient_double);

template <>
void add_and_activate(Activation activation, const Activations<float>& a, const Activations<float>& b,
                      Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(addition_float)(activation, a, b, y);
}
template <>
void add_and_activate(Activation activation, const Activations<double>& a, const Activations<double>& b,
                      Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(addition_double)(activation, a, b, y);
}
template <>
void addition_gradient(Activation activation, const Activations<float>& y, const Activations<float>& dy,
                       GradientTarget<float> a, GradientTarget<float> b) {
  HWY_DYNAMIC_DISPATCH(addition_gradient_float)(activation, y, dy, a, b);
}
template <>
void addition_gradient(Activation activation, const Activations<double>& y, const Activations<double>& dy,
                       GradientTarget<double> a, GradientTarget<double> b) {
  HWY_DYNAMIC_DISPATCH(addition_gradient_double)(activation, y, dy, a, b);
}

// Copies run over whole cache lines and are bound by memory: any instruction set does.

template <class T>
void subsample_channels(std::size_t stride, const Activations<T>& x, Activations<T>& y) {
  const ImageShape& image = y.image();
  const std::size_t lanes = y.lanes();
  for (std::size_t p = 0; p < y.panels(); ++p) {
    for (std::size_t c = 0; c < image.channels; ++c) {
      for (std::size_t i = 0; i < image.height; ++i) {
        T* out = y.row(p, c, i);
        if (c >= x.image().channels) {
          std::fill_n(out, image.width * lanes, T(0));
          continue;
        }
        const T* in = x.row(p, c, i * stride);
        for (std::size_t j = 0; j < image.width; ++j)
          std::copy_n(in + j * stride * lanes, lanes, out + j * lanes);
      }
    }
  }
}

namespace {

// One row of dx from that of dy which lies on it, or from none.
template <class T>
void spread_row(std::size_t stride, const T* dy, const ActivationShape& shape, bool accumulate, T* dx) {
  const std::size_t lanes = shape.lanes;
  if (!accumulate) std::fill_n(dx, shape.image.width * lanes, T(0));
  if (!dy) return;
  for (std::size_t x = 0; x < shape.image.width; x += stride, dy += lanes) {
    for (std::size_t l = 0; l < lanes; ++l) dx[x * lanes + l] += dy[l];
  }
}

}  // namespace

template <class T>
void subsample_channels_gradient(std::size_t stride, const Activations<T>& dy, GradientTarget<T> dx) {
  const ActivationShape& shape = dx.gradient.shape();
  for (std::size_t p = 0; p < dy.panels(); ++p) {
    for (std::size_t c = 0; c < shape.image.channels; ++c) {
      for (std::size_t y = 0; y < shape.image.height; ++y) {
        const T* from = y % stride == 0 ? dy.row(p, c, y / stride) : nullptr;
        spread_row(stride, from, shape, dx.accumulate, dx.gradient.row(p, c, y));
      }
    }
  }
}

template void subsample_channels(std::size_t, const Activations<float>&, Activations<float>&);
template void subsample_channels(std::size_t, const Activations<double>&, Activations<double>&);
template void subsample_channels_gradient(std::size_t, const Activations<float>&, GradientTarget<float>);
template void subsample_channels_gradient(std::size_t, const Activations<double>&, GradientTarget<double>);

}  // namespace ltlab
#endif  // HWY_ONCE
