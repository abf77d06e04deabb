#pragma once

#include <algorithm>
#include <cstddef>

#include "ltlab/base/aligned.h"
#include "ltlab/base/checked.h"
#include "ltlab/base/image_shape.h"

namespace ltlab {

/// Extent of a batch of activations stored panel by panel, batch innermost: [panel][channel][y][x][lane].
///
/// Image b lies in panel b / lanes at lane b % lanes, so one weight is one broadcast and a run of
/// multiply-adds over `lanes` contiguous images. Lanes at and past `batch` are padding: they hold finite
/// values that no result depends on, and gradients hold zero there.
///
/// Each channel may have a border of zeros around its height x width positions, as wide as the padding of the
/// convolution that reads it. The edges then need no case of their own. Nobody writes to a border.
struct ActivationShape {
  ImageShape image;
  std::size_t batch = 0;   ///< images
  std::size_t lanes = 0;   ///< images a panel: 16, 32 or 64
  std::size_t border = 0;  ///< positions on each side of each channel

  std::size_t features() const { return image.features(); }
  std::size_t panels() const { return (batch + lanes - 1) / lanes; }
  /// Positions from one row of a channel to the next, from one channel to the next, and in a panel.
  std::size_t row_positions() const { return image.width + 2 * border; }
  std::size_t channel_positions() const { return (image.height + 2 * border) * row_positions(); }
  std::size_t panel_positions() const { return image.channels * channel_positions(); }
  /// Position of (channel, y, x) in its panel; y and x may reach into the border by negative offsets.
  std::size_t position(std::size_t channel, std::size_t y, std::size_t x) const {
    return channel * channel_positions() + (y + border) * row_positions() + x + border;
  }
  std::size_t panel_size() const { return panel_positions() * lanes; }
  std::size_t size() const { return panels() * panel_size(); }
  bool operator==(const ActivationShape&) const = default;
};

/// The fewest images a panel holds: the floats of the widest vector register (AVX-512).
inline constexpr std::size_t kLaneMultiple = 16;
/// The most images a panel holds.
inline constexpr std::size_t kMaxLanes = 64;

/// Returns the panel width of fully connected networks for batches of `batch` images: the least of 16, 32 and
/// 64 that holds the batch in one panel, or else 64.
constexpr std::size_t panel_lanes(std::size_t batch) {
  std::size_t lanes = kLaneMultiple;
  while (lanes < batch && lanes < kMaxLanes) lanes *= 2;
  return lanes;
}

/// A batch of activations (or of their gradients) in the layout of ActivationShape.
template <class T>
class Activations {
 public:
  Activations() = default;
  explicit Activations(const ActivationShape& shape) : shape_(shape), values_(shape_.size(), T(0)) {}
  /// Flat feature vectors.
  Activations(std::size_t features, std::size_t batch, std::size_t lanes)
      : Activations(ActivationShape{{features, 1, 1}, batch, lanes, 0}) {}

  const ActivationShape& shape() const { return shape_; }
  const ImageShape& image() const { return shape_.image; }
  std::size_t features() const { return shape_.features(); }
  std::size_t batch() const { return shape_.batch; }
  std::size_t lanes() const { return shape_.lanes; }
  std::size_t panels() const { return shape_.panels(); }

  T* panel(std::size_t p) { return values_.data() + p * shape_.panel_size(); }
  const T* panel(std::size_t p) const { return values_.data() + p * shape_.panel_size(); }

  /// Returns the first of a row's width x lanes values.
  T* row(std::size_t p, std::size_t channel, std::size_t y) {
    return panel(p) + shape_.position(channel, y, 0) * lanes();
  }
  const T* row(std::size_t p, std::size_t channel, std::size_t y) const {
    return panel(p) + shape_.position(channel, y, 0) * lanes();
  }

  /// Returns one value of an image, by its index among the features (channel x height x width, row-major).
  T& at(std::size_t feature, std::size_t image) { return values_[index(feature, image)]; }
  const T& at(std::size_t feature, std::size_t image) const { return values_[index(feature, image)]; }

  /// Position of a feature in its panel.
  std::size_t position(std::size_t feature) const {
    const std::size_t x = feature % image().width, y = feature / image().width % image().height,
                      channel = feature / image().width / image().height;
    return shape_.position(channel, y, x);
  }

  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  std::size_t size() const { return values_.size(); }

  /// Changes the number of images; allocates nothing within the largest batch seen so far.
  void set_batch(std::size_t batch) {
    ActivationShape shape = shape_;
    shape.batch = batch;
    reshape(shape);
  }
  /// Changes the layout; allocates nothing within the largest seen so far. Values lose their meaning, also
  /// those of a border, unless only the batch changes.
  void reshape(const ActivationShape& shape) {
    shape_ = shape;
    if (shape_.size() > values_.size() || kChecked) values_.resize(shape_.size(), T(0));
    if (kChecked) values_.shrink_to_fit();  // so that a sanitizer knows where the buffer ends
  }

 private:
  std::size_t index(std::size_t feature, std::size_t b) const {
    return b / lanes() * shape_.panel_size() + position(feature) * lanes() + b % lanes();
  }

  ActivationShape shape_;
  AlignedVector<T> values_;
};

/// Copies the values of one batch to another of the same features and lanes, whatever their borders.
template <class T>
void copy_interior(const Activations<T>& from, Activations<T>& to) {
  const ImageShape& image = to.image();
  for (std::size_t p = 0; p < to.panels(); ++p) {
    for (std::size_t f = 0; f < image.features(); f += image.width) {
      std::copy_n(from.panel(p) + from.position(f) * from.lanes(), image.width * to.lanes(),
                  to.panel(p) + to.position(f) * to.lanes());
    }
  }
}

}  // namespace ltlab
