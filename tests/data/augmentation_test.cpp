#include "ltlab/data/augmentation.h"

#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/data/dataset.h"
#include "support/every_target.h"

namespace ltlab::test {
namespace {

template <class Pixel>
ImageSet random_images(const ImageShape& shape, std::size_t count) {
  RandomStream random({7, "images"});
  ImageSet images;
  images.shape = shape;
  AlignedVector<Pixel> pixels(count * shape.features());
  for (Pixel& pixel : pixels) pixel = static_cast<Pixel>(1 + random.below(255));
  images.pixels = std::move(pixels);
  images.labels.resize(count);
  return images;
}

// Pixel (y, x) of a view, by way of a padded image.
template <class Pixel>
double shown(const Pixel* channel, const ImageShape& shape, const ImageView& view, std::size_t y,
             std::size_t x) {
  constexpr std::size_t kPadding = 9;
  const std::size_t width = shape.width + 2 * kPadding;
  std::vector<double> padded((shape.height + 2 * kPadding) * width, 0.0);
  for (std::size_t row = 0; row < shape.height; ++row) {
    for (std::size_t column = 0; column < shape.width; ++column) {
      const std::size_t from = view.flip ? shape.width - 1 - column : column;
      padded[(row + kPadding) * width + column + kPadding] = channel[row * shape.width + from];
    }
  }
  const auto at = [](std::size_t position, std::int32_t offset) {
    return static_cast<std::size_t>(static_cast<std::int64_t>(position + kPadding) + offset);
  };
  return padded[at(y, view.dy) * width + at(x, view.dx)];
}

template <class Pixel>
void check_shown(const ImageSet& images, const Normalization& normalization,
                 const std::vector<std::uint32_t>& indices, const std::vector<ImageView>& views,
                 const Activations<float>& batch) {
  const ImageShape& shape = images.shape;
  const auto& pixels = std::get<AlignedVector<Pixel>>(images.pixels);
  for (std::size_t f = 0; f < shape.features(); ++f) {
    const std::size_t x = f % shape.width, y = f / shape.width % shape.height,
                      c = f / shape.width / shape.height;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const Pixel* channel = &pixels[(indices[i] * shape.channels + c) * shape.height * shape.width];
      const double expected =
          shown(channel, shape, views[i], y, x) * normalization.scale[c] + normalization.shift[c];
      if (std::abs(batch.at(f, i) - expected) > 1e-5) FAIL("feature " << f << " of image " << i);
    }
  }
}

std::vector<ImageView> random_views(std::size_t count, std::int32_t most) {
  RandomStream random({3, "views"});
  const auto offset = [&] {
    return static_cast<std::int32_t>(random.below(2 * static_cast<std::uint64_t>(most) + 1)) - most;
  };
  std::vector<ImageView> views;
  for (std::size_t i = 0; i < count; ++i) views.push_back({offset(), offset(), random.below(2) == 1});
  return views;
}

}  // namespace

TEMPLATE_TEST_CASE("Images are gathered as their views show them", "[data][gather]", std::uint8_t, float) {
  for (const ImageShape& shape : {ImageShape{3, 32, 32}, ImageShape{1, 28, 28}, ImageShape{2, 5, 3}}) {
    const ImageSet images = random_images<TestType>(shape, 70);
    Normalization normalization;
    for (std::size_t c = 0; c < shape.channels; ++c) {
      normalization.scale.push_back(0.02f / static_cast<float>(c + 1));
      normalization.shift.push_back(-0.3f * static_cast<float>(c + 1));
    }
    for (const std::size_t count : {1u, 16u, 37u}) {
      std::vector<std::uint32_t> indices = RandomStream({1, "order"}).permutation(70);
      indices.resize(count);
      const std::vector<ImageView> views = random_views(count, 9);
      Activations<float> flat({shape, count, panel_lanes(count), 0}), bordered({shape, count, 16, 1});
      on_every_target([&] {
        gather(images, normalization, indices, views, flat);
        check_shown<TestType>(images, normalization, indices, views, flat);
      });
      gather(images, normalization, indices, views, bordered);
      check_shown<TestType>(images, normalization, indices, views, bordered);
    }
  }
}

TEST_CASE("Views must be as many as images", "[data][gather]") {
  const ImageSet images = random_images<std::uint8_t>({1, 4, 4}, 10);
  const std::vector<std::uint32_t> indices{1, 2, 3};
  Activations<float> batch(16, 3, 16);
  CHECK_THROWS_AS(gather(images, {{1.0f}, {0.0f}}, indices, random_views(2, 4), batch), ConfigError);
}

TEST_CASE("A crop and flip is a function of seed, level, epoch and image", "[data]") {
  const auto text = [](const ImageView& view) {
    return std::to_string(view.dy) + "," + std::to_string(view.dx) + (view.flip ? " flipped" : "");
  };
  const auto drawn = [&](std::uint64_t seed, std::uint64_t level, std::uint64_t epoch, std::uint32_t image) {
    std::string texts;
    for (std::uint32_t i = 0; i < 20; ++i) texts += text(draw_crop_flip(seed, level, epoch, image + i)) + ";";
    return texts;
  };
  const std::string one = drawn(1, 2, 3, 100);
  CHECK(drawn(1, 2, 3, 100) == one);
  CHECK(drawn(2, 2, 3, 100) != one);
  CHECK(drawn(1, 3, 3, 100) != one);
  CHECK(drawn(1, 2, 4, 100) != one);
  CHECK(drawn(1, 2, 3, 200) != one);
}

TEST_CASE("Crops and flips are all equally likely", "[data]") {
  std::map<std::int32_t, int> dy, dx;
  std::map<bool, int> flips;
  constexpr int kDraws = 90000;
  for (std::uint32_t image = 0; image < kDraws; ++image) {
    const ImageView view = draw_crop_flip(4, 0, 1, image);
    ++dy[view.dy];
    ++dx[view.dx];
    ++flips[view.flip];
  }
  for (const auto& offsets : {dy, dx}) {
    REQUIRE(offsets.size() == 9);
    CHECK(offsets.begin()->first == -4);
    CHECK(offsets.rbegin()->first == 4);
    for (const auto& [offset, count] : offsets) CHECK(std::abs(count - kDraws / 9) < 500);  // 5 deviations
  }
  CHECK(std::abs(flips[true] - kDraws / 2) < 750);
}

}  // namespace ltlab::test
