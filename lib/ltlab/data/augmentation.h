#pragma once

#include <cstdint>

#include "ltlab/base/image_shape.h"
#include "ltlab/base/names.h"

namespace ltlab {

/// How training images are varied from one epoch to the next.
enum class Augmentation {
  none,
  crop_flip  ///< flipped left to right at every other time, then a crop of the image's size out of the image
             ///< with 4 pixels of value 0 around it (He et al. 2016, section 4.2; torchvision's
             ///< RandomHorizontalFlip and RandomCrop with padding 4, before normalization)
};

/// none | crop-flip
inline const NameTable<Augmentation>& augmentation_names() {
  using enum Augmentation;
  static const NameTable<Augmentation> table("augmentation", {{none, "none"}, {crop_flip, "crop-flip"}});
  return table;
}

/// Throws ConfigError where images have only one row, as vectors have: shifted up or down, nothing of them
/// would be left.
void check_augmentation(Augmentation augmentation, const ImageShape& images);

/// How an image is shown once: pixel (y, x) is that of the image, flipped left to right or not, at (y + dy, x
/// + dx), or 0 where that position lies outside.
struct ImageView {
  std::int32_t dy = 0, dx = 0;
  bool flip = false;
};

/// Returns the view that crop_flip draws of training image `image` in an epoch of a level. It depends on
/// these numbers alone, whatever the batch and the worker.
ImageView draw_crop_flip(std::uint64_t seed, std::uint64_t level, std::uint64_t epoch, std::uint32_t image);

}  // namespace ltlab
