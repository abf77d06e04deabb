#include "ltlab/kernels/pooling.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/kernels/pooling.cpp"
// The order matters.
// clang-format off
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>
#include "ltlab/kernels/rows-inl.h"
// clang-format on

#include <algorithm>
#include <string>

#include "ltlab/base/error.h"

HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The windows of one row of outputs. The usual size, 2 x 2, is known at compile time, so that loops over it
// unroll; for other sizes kSize is 0.
template <std::size_t kSize>
struct WindowRow {
  std::size_t height, width, step;  // step: values from one window to the next
  std::size_t outputs, lanes;

  template <class T>
  WindowRow(const Pooling& p, const Activations<T>& y)
      : height(kSize ? kSize : p.window_height),
        width(kSize ? kSize : p.window_width),
        step(p.stride * y.lanes()),
        outputs(y.image().width),
        lanes(y.lanes()) {}
};

// Returns the number of values from one row of a channel to the next.
template <class T>
HWY_INLINE std::size_t row_step(const Activations<T>& x) {
  return x.shape().row_positions() * x.lanes();
}

template <std::size_t kSize, class T>
HWY_INLINE void max_of_row(WindowRow<kSize> w, Activation activation, const T* HWY_RESTRICT x,
                           std::size_t x_row, T* HWY_RESTRICT y) {
  const Vector<T> d;
  const auto floor = hn::Set(d, activation == Activation::relu ? T(0) : hwy::LowestValue<T>());
  for (std::size_t j = 0; j < w.outputs; ++j, x += w.step, y += w.lanes) {
    for (std::size_t l = 0; l < w.lanes; l += hn::Lanes(d)) {
      auto largest = floor;
      for (std::size_t a = 0; a < w.height; ++a) {
        for (std::size_t b = 0; b < w.width; ++b)
          largest = hn::Max(largest, hn::Load(d, x + a * x_row + b * w.lanes + l));
      }
      hn::Store(largest, d, y + l);
    }
  }
}

template <std::size_t kSize, class T>
HWY_INLINE void mean_of_row(WindowRow<kSize> w, const T* HWY_RESTRICT x, std::size_t x_row,
                            T* HWY_RESTRICT y) {
  const Vector<T> d;
  const auto share = hn::Set(d, T(1) / static_cast<T>(w.height * w.width));
  for (std::size_t j = 0; j < w.outputs; ++j, x += w.step, y += w.lanes) {
    for (std::size_t l = 0; l < w.lanes; l += hn::Lanes(d)) {
      auto sum = hn::Zero(d);
      for (std::size_t a = 0; a < w.height; ++a) {
        for (std::size_t b = 0; b < w.width; ++b)
          sum = hn::Add(sum, hn::Load(d, x + a * x_row + b * w.lanes + l));
      }
      hn::Store(hn::Mul(sum, share), d, y + l);
    }
  }
}

// Writes an input's gradient if no other window reaches the input, and adds to it if one may.
template <bool kDisjoint, class D, class T>
HWY_INLINE void give(D d, hn::Vec<D> gradient, T* HWY_RESTRICT dx) {
  if constexpr (!kDisjoint) gradient = hn::Add(gradient, hn::Load(d, dx));
  hn::Store(gradient, d, dx);
}

template <bool kDisjoint, std::size_t kSize, class T>
HWY_INLINE void max_gradient_of_row(WindowRow<kSize> w, const T* HWY_RESTRICT x, std::size_t x_row,
                                    const T* HWY_RESTRICT y, const T* HWY_RESTRICT dy, T* HWY_RESTRICT dx,
                                    std::size_t dx_row) {
  const Vector<T> d;
  for (std::size_t j = 0; j < w.outputs; ++j, x += w.step, dx += w.step, y += w.lanes, dy += w.lanes) {
    for (std::size_t l = 0; l < w.lanes; l += hn::Lanes(d)) {
      const auto largest = hn::Load(d, y + l);
      auto left = hn::Load(d, dy + l);  // what no input has taken yet
      for (std::size_t a = 0; a < w.height; ++a) {
        for (std::size_t b = 0; b < w.width; ++b) {
          const std::size_t at = b * w.lanes + l;
          const auto takes = hn::Eq(hn::Load(d, x + a * x_row + at), largest);
          give<kDisjoint>(d, hn::IfThenElseZero(takes, left), dx + a * dx_row + at);
          left = hn::IfThenZeroElse(takes, left);
        }
      }
    }
  }
}

template <bool kDisjoint, std::size_t kSize, class T>
HWY_INLINE void mean_gradient_of_row(WindowRow<kSize> w, const T* HWY_RESTRICT dy, T* HWY_RESTRICT dx,
                                     std::size_t dx_row) {
  const Vector<T> d;
  const auto share = hn::Set(d, T(1) / static_cast<T>(w.height * w.width));
  for (std::size_t j = 0; j < w.outputs; ++j, dx += w.step, dy += w.lanes) {
    for (std::size_t l = 0; l < w.lanes; l += hn::Lanes(d)) {
      const auto gradient = hn::Mul(hn::Load(d, dy + l), share);
      for (std::size_t a = 0; a < w.height; ++a) {
        for (std::size_t b = 0; b < w.width; ++b)
          give<kDisjoint>(d, gradient, dx + a * dx_row + b * w.lanes + l);
      }
    }
  }
}

// Calls body(its windows, panel, channel, row) for each row of outputs.
template <class T, class Body>
HWY_INLINE void for_each_output_row(const Pooling& pooling, const Activations<T>& y, const Body& body) {
  const bool usual = pooling.window_height == 2 && pooling.window_width == 2;
  for (std::size_t p = 0; p < y.panels(); ++p) {
    for (std::size_t c = 0; c < y.image().channels; ++c) {
      for (std::size_t i = 0; i < y.image().height; ++i)
        usual ? body(WindowRow<2>(pooling, y), p, c, i) : body(WindowRow<0>(pooling, y), p, c, i);
    }
  }
}

// Whether no two windows share an input, and whether they then leave no input out.
struct Cover {
  bool disjoint, whole;
  Cover(const Pooling& p, const ImageShape& x, const ImageShape& y)
      : disjoint(p.stride >= std::max(p.window_height, p.window_width)),
        whole(disjoint && y.height * p.window_height == x.height && y.width * p.window_width == x.width) {}
};

template <class T>
void clear_channel(std::size_t panel, std::size_t channel, Activations<T>& dx) {
  const auto clear = [](std::size_t /*channel*/, std::size_t values, T* row) {
    std::fill_n(row, values, T(0));
  };
  for_each_row(panel, {channel, 1}, clear, dx);
}

template <class T>
void max_of_windows(const Pooling& pooling, Activation activation, const Activations<T>& x,
                    Activations<T>& y) {
  const std::size_t x_row = row_step(x);
  for_each_output_row(pooling, y, [&](auto w, std::size_t p, std::size_t c, std::size_t i) HWY_ATTR {
    max_of_row(w, activation, x.row(p, c, i * pooling.stride), x_row, y.row(p, c, i));
  });
}

template <class T>
void mean_of_windows(const Pooling& pooling, const Activations<T>& x, Activations<T>& y) {
  const std::size_t x_row = row_step(x);
  for_each_output_row(pooling, y, [&](auto w, std::size_t p, std::size_t c, std::size_t i) HWY_ATTR {
    mean_of_row(w, x.row(p, c, i * pooling.stride), x_row, y.row(p, c, i));
  });
}

template <class T>
void gradient_of_max(const Pooling& pooling, const Activations<T>& x, const Activations<T>& y,
                     const Activations<T>& dy, Activations<T>& dx) {
  const Cover cover(pooling, x.image(), y.image());
  const std::size_t x_row = row_step(x), dx_row = row_step(dx);
  for_each_output_row(pooling, y, [&](auto w, std::size_t p, std::size_t c, std::size_t i) HWY_ATTR {
    if (i == 0 && !cover.whole) clear_channel(p, c, dx);
    const T *in = x.row(p, c, i * pooling.stride), *out = y.row(p, c, i), *from = dy.row(p, c, i);
    T* to = dx.row(p, c, i * pooling.stride);
    if (cover.disjoint) {
      max_gradient_of_row<true>(w, in, x_row, out, from, to, dx_row);
    } else {
      max_gradient_of_row<false>(w, in, x_row, out, from, to, dx_row);
    }
  });
}

template <class T>
void gradient_of_mean(const Pooling& pooling, const Activations<T>& dy, Activations<T>& dx) {
  const Cover cover(pooling, dx.image(), dy.image());
  const std::size_t dx_row = row_step(dx);
  for_each_output_row(pooling, dy, [&](auto w, std::size_t p, std::size_t c, std::size_t i) HWY_ATTR {
    if (i == 0 && !cover.whole) clear_channel(p, c, dx);
    const T* from = dy.row(p, c, i);
    T* to = dx.row(p, c, i * pooling.stride);
    if (cover.disjoint) {
      mean_gradient_of_row<true>(w, from, to, dx_row);
    } else {
      mean_gradient_of_row<false>(w, from, to, dx_row);
    }
  });
}

// Each type has a name of its own, since dispatch tables hold plain functions.
constexpr auto& kMaxFloat = max_of_windows<float>;
constexpr auto& kMaxDouble = max_of_windows<double>;
constexpr auto& kMeanFloat = mean_of_windows<float>;
constexpr auto& kMeanDouble = mean_of_windows<double>;
constexpr auto& kMaxGradientFloat = gradient_of_max<float>;
constexpr auto& kMaxGradientDouble = gradient_of_max<double>;
constexpr auto& kMeanGradientFloat = gradient_of_mean<float>;
constexpr auto& kMeanGradientDouble = gradient_of_mean<double>;

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(kMaxFloat);
HWY_EXPORT(kMaxDouble);
HWY_EXPORT(kMeanFloat);
HWY_EXPORT(kMeanDouble);
HWY_EXPORT(kMaxGradientFloat);
HWY_EXPORT(kMaxGradientDouble);
HWY_EXPORT(kMeanGradientFloat);
HWY_EXPORT(kMeanGradientDouble);

ImageShape Pooling::output(const ImageShape& input) const {
  const bool fits = window_height > 0 && window_width > 0 && window_height <= input.height &&
                    window_width <= input.width && stride > 0;
  if (!fits) {
    throw ConfigError("pooling: a window of " + std::to_string(window_height) + " x " +
                      std::to_string(window_width) + " with stride " + std::to_string(stride) +
                      " does not fit an input of " + std::to_string(input.height) + " x " +
                      std::to_string(input.width) + "; choose a smaller window, or fewer pooling layers");
  }
  return {input.channels, (input.height - window_height) / stride + 1,
          (input.width - window_width) / stride + 1};
}

Pooling whole_image(const ImageShape& image) {
  return {image.height, image.width, std::max(image.height, image.width)};
}

template <>
void max_pool(const Pooling& pooling, Activation activation, const Activations<float>& x,
              Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(kMaxFloat)(pooling, activation, x, y);
}
template <>
void max_pool(const Pooling& pooling, Activation activation, const Activations<double>& x,
              Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(kMaxDouble)(pooling, activation, x, y);
}
template <>
void average_pool(const Pooling& pooling, const Activations<float>& x, Activations<float>& y) {
  HWY_DYNAMIC_DISPATCH(kMeanFloat)(pooling, x, y);
}
template <>
void average_pool(const Pooling& pooling, const Activations<double>& x, Activations<double>& y) {
  HWY_DYNAMIC_DISPATCH(kMeanDouble)(pooling, x, y);
}
template <>
void max_pool_gradient(const Pooling& pooling, const Activations<float>& x, const Activations<float>& y,
                       const Activations<float>& dy, Activations<float>& dx) {
  HWY_DYNAMIC_DISPATCH(kMaxGradientFloat)(pooling, x, y, dy, dx);
}
template <>
void max_pool_gradient(const Pooling& pooling, const Activations<double>& x, const Activations<double>& y,
                       const Activations<double>& dy, Activations<double>& dx) {
  HWY_DYNAMIC_DISPATCH(kMaxGradientDouble)(pooling, x, y, dy, dx);
}
template <>
void average_pool_gradient(const Pooling& pooling, const Activations<float>& dy, Activations<float>& dx) {
  HWY_DYNAMIC_DISPATCH(kMeanGradientFloat)(pooling, dy, dx);
}
template <>
void average_pool_gradient(const Pooling& pooling, const Activations<double>& dy, Activations<double>& dx) {
  HWY_DYNAMIC_DISPATCH(kMeanGradientDouble)(pooling, dy, dx);
}

}  // namespace ltlab
#endif  // HWY_ONCE
