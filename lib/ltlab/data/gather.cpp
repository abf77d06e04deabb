#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "ltlab/base/error.h"
#include "ltlab/data/dataset.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/data/gather.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// A batch is gathered in tiles of 16 features x 16 images: a tile's pixels are transposed within L1, and each
// of its rows becomes one run of 16 floats, which is one whole cache line of the panel.
HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kTile = kLaneMultiple;

// tile[f][i] = rows[i][offset + f]
template <class T>
HWY_INLINE void transpose(const T* const (&rows)[kTile], std::size_t offset, T (&tile)[kTile][kTile]) {
  for (std::size_t f = 0; f < kTile; ++f)
    for (std::size_t i = 0; i < kTile; ++i) tile[f][i] = rows[i][offset + f];
}

#if HWY_TARGET != HWY_SCALAR
// A perfect shuffle of rows: bytes of a row in the first half alternate with those of one in the second.
template <class D>
HWY_INLINE void shuffle(D bytes, const hn::Vec<D> (&from)[kTile], hn::Vec<D> (&to)[kTile]) {
  for (std::size_t i = 0; i < kTile / 2; ++i) {
    to[2 * i] = hn::InterleaveLower(bytes, from[i], from[i + kTile / 2]);
    to[2 * i + 1] = hn::InterleaveUpper(bytes, from[i], from[i + kTile / 2]);
  }
}

// Does the same in registers: each of four shuffles moves a bit of a byte's row number to its column number.
HWY_INLINE void transpose(const std::uint8_t* const (&rows)[kTile], std::size_t offset,
                          std::uint8_t (&tile)[kTile][kTile]) {
  const hn::FixedTag<std::uint8_t, kTile> bytes;
  hn::Vec<decltype(bytes)> even[kTile], odd[kTile];
  for (std::size_t i = 0; i < kTile; ++i) even[i] = hn::LoadU(bytes, rows[i] + offset);
  shuffle(bytes, even, odd);
  shuffle(bytes, odd, even);
  shuffle(bytes, even, odd);
  shuffle(bytes, odd, even);
  for (std::size_t i = 0; i < kTile; ++i) hn::Store(even[i], bytes, tile[i]);
}
#endif

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D, const float* p) {
  return hn::Load(D(), p);
}

template <class D>
HWY_INLINE hn::Vec<D> load_as_float(D floats, const std::uint8_t* p) {
  const hn::Rebind<std::uint8_t, D> bytes;
  const hn::RebindToSigned<D> integers;
  return hn::ConvertTo(floats, hn::PromoteTo(integers, hn::LoadU(bytes, p)));
}

// Computes out[i] = values[i] * scale + shift for one row of a tile.
template <class T>
HWY_INLINE void normalize_row(const T* values, float scale, float shift, float* out) {
  const hn::CappedTag<float, kTile> floats;
  for (std::size_t i = 0; i < kTile; i += hn::Lanes(floats))
    hn::Store(hn::MulAdd(load_as_float(floats, values + i), hn::Set(floats, scale), hn::Set(floats, shift)),
              floats, out + i);
}

// Gathers features [begin, end), all of one channel and contiguous in the panel, of 16 images into 16 lanes;
// `out` is the place of the first.
template <class T>
void gather_features(const T* const (&rows)[kTile], std::size_t begin, std::size_t end, float scale,
                     float shift, std::size_t lanes, float* out) {
  alignas(64) T tile[kTile][kTile];
  std::size_t f = begin;
  for (; f + kTile <= end; f += kTile) {
    transpose(rows, f, tile);
    for (std::size_t i = 0; i < kTile; ++i)
      normalize_row(tile[i], scale, shift, out + (f - begin + i) * lanes);
  }
  for (; f < end; ++f) {
    for (std::size_t i = 0; i < kTile; ++i) tile[0][i] = rows[i][f];
    normalize_row(tile[0], scale, shift, out + (f - begin) * lanes);
  }
}

// Writes one row of a view; `out` and `row` have `width` pixels.
template <class T>
void show_row(const T* row, std::ptrdiff_t width, const ImageView& view, T* out) {
  const std::ptrdiff_t dx = view.dx, first = std::clamp<std::ptrdiff_t>(-dx, 0, width),
                       end = std::clamp(width - dx, first, width);
  std::fill_n(out, first, T(0));
  if (view.flip) {
    std::reverse_copy(row + width - dx - end, row + width - dx - first, out + first);
  } else {
    std::copy(row + first + dx, row + end + dx, out + first);
  }
  std::fill(out + end, out + width, T(0));
}

// Writes one channel of an image as the view shows it.
template <class T>
void show_channel(const T* pixels, const ImageShape& shape, const ImageView& view, T* out) {
  const auto width = static_cast<std::ptrdiff_t>(shape.width),
             height = static_cast<std::ptrdiff_t>(shape.height);
  for (std::ptrdiff_t y = 0; y < height; ++y, out += width) {
    const std::ptrdiff_t from = y + view.dy;
    if (from < 0 || from >= height) {
      std::fill_n(out, width, T(0));
    } else {
      show_row(pixels + from * width, width, view, out);
    }
  }
}

// `views` may be empty: each image is then shown as it is.
template <class T>
void gather_batch(const T* pixels, const ImageShape& shape, const Normalization& normalization,
                  std::span<const std::uint32_t> indices, std::span<const ImageView> views,
                  Activations<float>& batch) {
  const std::size_t plane = shape.height * shape.width, lanes = batch.lanes();
  // Whole channels are contiguous or, with a border, their rows are.
  const std::size_t run = batch.shape().border == 0 ? plane : shape.width;
  AlignedVector<T> shown(views.empty() ? 0 : kTile * plane);
  for (std::size_t first = 0; first < indices.size(); first += kTile) {
    float* panel = batch.panel(first / lanes) + first % lanes;
    for (std::size_t c = 0; c < shape.channels; ++c) {
      const T* channels[kTile];
      for (std::size_t i = 0; i < kTile; ++i) {
        // Lanes past the batch show its last image once more, which is cheaper than clearing them.
        const std::size_t image = std::min(first + i, indices.size() - 1);
        channels[i] = pixels + indices[image] * shape.features() + c * plane;
        if (views.empty()) continue;
        show_channel(channels[i], shape, views[image], &shown[i * plane]);
        channels[i] = &shown[i * plane];
      }
      for (std::size_t p = 0; p < plane; p += run)
        gather_features(channels, p, p + run, normalization.scale[c], normalization.shift[c], lanes,
                        panel + batch.position(c * plane + p) * lanes);
    }
  }
}

void gather_images(const ImageSet& images, const Normalization& normalization,
                   std::span<const std::uint32_t> indices, std::span<const ImageView> views,
                   Activations<float>& batch) {
  if (const auto* bytes = std::get_if<AlignedVector<std::uint8_t>>(&images.pixels)) {
    gather_batch(bytes->data(), images.shape, normalization, indices, views, batch);
  } else {
    gather_batch(std::get<AlignedVector<float>>(images.pixels).data(), images.shape, normalization, indices,
                 views, batch);
  }
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(gather_images);

namespace {

void check(const ImageSet& images, const Normalization& normalization, std::span<const std::uint32_t> indices,
           const Activations<float>& batch) {
  const ImageShape& shape = images.shape;
  if (batch.features() != shape.features())
    throw ConfigError("gather: the images have " + std::to_string(shape.features()) +
                      " features, the batch has room for " + std::to_string(batch.features()));
  if (batch.shape().border > 0 && batch.image() != shape)
    throw ConfigError("gather: a batch with a border must have the images' channels, height and width");
  if (normalization.scale.size() != shape.channels || normalization.shift.size() != shape.channels)
    throw ConfigError("gather: the normalization is not for images of " + std::to_string(shape.channels) +
                      " channels");
  if (!indices.empty() && *std::max_element(indices.begin(), indices.end()) >= images.size())
    throw ConfigError("gather: an index lies past the " + std::to_string(images.size()) + " images");
}

}  // namespace

void gather(const ImageSet& images, const Normalization& normalization,
            std::span<const std::uint32_t> indices, Activations<float>& batch) {
  gather(images, normalization, indices, {}, batch);
}

void gather(const ImageSet& images, const Normalization& normalization,
            std::span<const std::uint32_t> indices, std::span<const ImageView> views,
            Activations<float>& batch) {
  check(images, normalization, indices, batch);
  if (!views.empty() && views.size() != indices.size())
    throw ConfigError("gather: there are " + std::to_string(views.size()) + " views of " +
                      std::to_string(indices.size()) + " images");
  batch.set_batch(indices.size());
  HWY_DYNAMIC_DISPATCH(gather_images)(images, normalization, indices, views, batch);
}

void prefetch(const ImageSet& images, std::span<const std::uint32_t> indices) {
  constexpr int kRead = 0, kSecondLevel = 2;
  const auto bytes_of = [](const auto& pixels) { return std::as_bytes(std::span(pixels)); };
  const std::span<const std::byte> pixels = std::visit(bytes_of, images.pixels);
  const std::size_t bytes = images.size() == 0 ? 0 : pixels.size() / images.size();
  // This is not in a function for std::visit: GCC takes one that only prefetches for one that does nothing.
  for (const std::uint32_t index : indices) {
    const std::byte* const image = pixels.data() + index * bytes;
    for (std::size_t b = 0; b < bytes; b += kAlignment) __builtin_prefetch(image + b, kRead, kSecondLevel);
  }
}

}  // namespace ltlab
#endif
