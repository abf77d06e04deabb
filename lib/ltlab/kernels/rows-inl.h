// The walk over the interior of activations that elementwise kernels share. Compiled once for each
// instruction set, by the sources that include it.
#if defined(LTLAB_KERNELS_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LTLAB_KERNELS_ROWS_INL_H_
#undef LTLAB_KERNELS_ROWS_INL_H_
#else
#define LTLAB_KERNELS_ROWS_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>

#include "ltlab/base/activations.h"

HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A register never holds more images than the narrowest panel.
template <class T>
using Vector = hn::CappedTag<T, kLaneMultiple>;

// Position of the interior of one operand's panel.
template <class T>
struct Interior {
  T* first;
  std::size_t channel_step, row_step;

  HWY_INLINE T* row(std::size_t channel, std::size_t r) const {
    return first + channel * channel_step + r * row_step;
  }
};

template <class T>
HWY_INLINE Interior<T> interior(Activations<T>& a, std::size_t panel) {
  const ActivationShape& s = a.shape();
  return {a.row(panel, 0, 0), s.channel_positions() * s.lanes, s.row_positions() * s.lanes};
}
template <class T>
HWY_INLINE Interior<const T> interior(const Activations<T>& a, std::size_t panel) {
  const ActivationShape& s = a.shape();
  return {a.row(panel, 0, 0), s.channel_positions() * s.lanes, s.row_positions() * s.lanes};
}

// A channel's values in one panel, as rows that are contiguous in all operands: one row, if none has a
// border.
struct Rows {
  std::size_t count, values;
};

template <class First, class... Others>
HWY_INLINE Rows common_rows(const First& first, const Others&... others) {
  const ImageShape& image = first.image();
  const std::size_t values = image.width * first.lanes();
  const bool bordered = (first.shape().border + ... + others.shape().border) > 0;
  return bordered ? Rows{image.height, values} : Rows{1, image.height * values};
}

// Channels first, ..., first + count - 1.
struct Channels {
  std::size_t first, count;
};

// Calls body(channel, values, the first of a row's values in each operand) for each row of a panel's
// channels.
template <class Body, class... Operands>
HWY_INLINE void for_each_row(std::size_t panel, Channels channels, const Body& body, Operands&... operands) {
  const Rows rows = common_rows(operands...);
  const auto walk = [&](const auto&... in) HWY_ATTR {
    for (std::size_t c = channels.first; c < channels.first + channels.count; ++c) {
      for (std::size_t r = 0; r < rows.count; ++r) body(c, rows.values, in.row(c, r)...);
    }
  };
  walk(interior(operands, panel)...);
}

// Calls body(images, positions, the first of a row's values in each operand) for each kLaneMultiple lanes
// (one cache line of floats) of each row of one channel, over all panels. `images` is the number of those
// lanes that are not padding.
template <class Body, class First, class... Others>
HWY_INLINE void for_each_column(std::size_t channel, const Body& body, First& first, Others&... others) {
  const Rows rows = common_rows(first, others...);
  const std::size_t lanes = first.lanes(), positions = rows.values / lanes;
  for (std::size_t p = 0; p < first.panels(); ++p) {
    for (std::size_t i = 0; i < lanes; i += kLaneMultiple) {
      const std::size_t left = first.batch() - std::min(first.batch(), p * lanes + i);
      const std::size_t images = std::min(left, kLaneMultiple);
      for (std::size_t r = 0; r < rows.count; ++r)
        body(images, positions, first.row(p, channel, r) + i, others.row(p, channel, r) + i...);
    }
  }
}

// Returns the mask of those lanes of vector v among kLaneMultiple that hold one of `images` images.
template <class D>
HWY_INLINE hn::Mask<D> image_lanes(D d, std::size_t images, std::size_t v) {
  const std::size_t before = v * hn::Lanes(d);
  return hn::FirstN(d, images - std::min(images, before));
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // LTLAB_KERNELS_ROWS_INL_H_
