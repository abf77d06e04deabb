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

// Each type has a name of its own, since dispatch tables hold plain functions.
constexpr auto& kAdditionFloat = sum_and_activation<float>;
constexpr auto& kAdditionDouble = sum_and_activation<double>;
constexpr auto& kGradientsFloat = sum_of_gradients<float>;
constexpr auto& kGradientsDouble = sum_of_gradients<double>;

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(kAdditionFloat);
HWY_EXPORT(kAdditionDouble);
HWY_EXPORT(kGradientsFloat);
HWY_EXPORT(kGradientsDouble);

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

// Copies run over whole cache lines, and memory limits their speed: any instruction set will do.

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

template <class T>
void add_subsample_channels_gradient(std::size_t stride, const Activations<T>& dy, Activations<T>& dx) {
  const ImageShape& image = dy.image();
  const std::size_t lanes = dy.lanes();
  for (std::size_t p = 0; p < dy.panels(); ++p) {
    for (std::size_t c = 0; c < dx.image().channels; ++c) {
      for (std::size_t i = 0; i < image.height; ++i) {
        const T* from = dy.row(p, c, i);
        T* to = dx.row(p, c, i * stride);
        for (std::size_t j = 0; j < image.width; ++j)
          for (std::size_t l = 0; l < lanes; ++l) to[j * stride * lanes + l] += from[j * lanes + l];
      }
    }
  }
}

template void subsample_channels(std::size_t, const Activations<float>&, Activations<float>&);
template void subsample_channels(std::size_t, const Activations<double>&, Activations<double>&);
template void add_subsample_channels_gradient(std::size_t, const Activations<float>&, Activations<float>&);
template void add_subsample_channels_gradient(std::size_t, const Activations<double>&, Activations<double>&);

}  // namespace ltlab
#endif  // HWY_ONCE
