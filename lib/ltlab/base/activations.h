#pragma once

#include <cstddef>

#include "ltlab/base/aligned.h"

namespace ltlab {

/// Extent of a batch of activations stored panel by panel, batch innermost: [panel][feature][lane].
///
/// Image b lies in panel b / lanes at lane b % lanes, so one weight is one broadcast and a run of
/// multiply-adds over `lanes` contiguous images. Lanes at and past `batch` are padding: they hold finite
/// values that no result depends on, and gradients hold zero there.
struct ActivationShape {
  std::size_t features = 0;  ///< values an image has at this point (channels x height x width, row-major)
  std::size_t batch = 0;     ///< images
  std::size_t lanes = 0;     ///< images a panel: 16, 32 or 64

  std::size_t panels() const { return (batch + lanes - 1) / lanes; }
  std::size_t panel_size() const { return features * lanes; }
  std::size_t size() const { return panels() * panel_size(); }
};

/// The fewest images a panel holds: the floats of the widest vector register (AVX-512).
inline constexpr std::size_t kLaneMultiple = 16;
/// The most images a panel holds.
inline constexpr std::size_t kMaxLanes = 64;

/// Panel width for batches of `batch` images: the least of 16, 32 and 64 that holds the batch in one panel,
/// or 64.
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
  Activations(std::size_t features, std::size_t batch, std::size_t lanes)
      : shape_{features, batch, lanes}, values_(shape_.size(), T(0)) {}

  const ActivationShape& shape() const { return shape_; }
  std::size_t features() const { return shape_.features; }
  std::size_t batch() const { return shape_.batch; }
  std::size_t lanes() const { return shape_.lanes; }
  std::size_t panels() const { return shape_.panels(); }

  T* panel(std::size_t p) { return values_.data() + p * shape_.panel_size(); }
  const T* panel(std::size_t p) const { return values_.data() + p * shape_.panel_size(); }

  T& at(std::size_t feature, std::size_t image) {
    return panel(image / lanes())[feature * lanes() + image % lanes()];
  }
  const T& at(std::size_t feature, std::size_t image) const {
    return panel(image / lanes())[feature * lanes() + image % lanes()];
  }

  T* data() { return values_.data(); }
  const T* data() const { return values_.data(); }
  std::size_t size() const { return values_.size(); }

  /// Changes the number of images; within the largest batch seen so far this allocates nothing.
  void set_batch(std::size_t batch) {
    shape_.batch = batch;
    if (shape_.size() > values_.size()) values_.resize(shape_.size(), T(0));
  }

 private:
  ActivationShape shape_;
  AlignedVector<T> values_;
};

}  // namespace ltlab
