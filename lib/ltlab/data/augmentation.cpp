#include "ltlab/data/augmentation.h"

#include "ltlab/base/random.h"

namespace ltlab {

void check_augmentation(Augmentation augmentation, const ImageShape& images) {
  if (augmentation == Augmentation::none || images.height > 1) return;
  throw ConfigError(
      "--augment " + augmentation_names().name(augmentation) + " shifts images up and down, but these are " +
      to_string(images) +
      " (channels x height x width): nothing would be left; if they are vectors of pixels, store them as "
      "(images, channels, height, width)");
}

ImageView draw_crop_flip(std::uint64_t seed, std::uint64_t level, std::uint64_t epoch, std::uint32_t image) {
  constexpr std::int32_t kPadding = 4;
  RandomStream random({seed, "augmentation", level, epoch << 32 | image});
  const auto draw_offset = [&] {
    return static_cast<std::int32_t>(random.below(2 * kPadding + 1)) - kPadding;
  };
  const std::int32_t dy = draw_offset(), dx = draw_offset();
  return {dy, dx, random.below(2) == 1};
}

}  // namespace ltlab
