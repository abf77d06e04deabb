#include "ltlab/data/glyphs.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "ltlab/data/file_digest.h"

namespace ltlab::test {
namespace {

const AlignedVector<std::uint8_t>& bytes_of(const ImageSet& images) {
  return std::get<AlignedVector<std::uint8_t>>(images.pixels);
}

bool same(const ImageSet& a, const ImageSet& b) {
  return a.labels == b.labels && bytes_of(a) == bytes_of(b);
}

}  // namespace

TEST_CASE("Glyphs do not depend on the number of threads", "[data][glyphs][threads]") {
  const ImageSet one = draw_glyphs(3, GlyphPart::train, 401, 1);
  for (const unsigned threads : {2u, 3u, 16u})
    CHECK(same(one, draw_glyphs(3, GlyphPart::train, 401, threads)));
  CHECK(same(one, draw_glyphs(3, GlyphPart::train, 401)));
}

TEST_CASE("A smaller set of glyphs is the beginning of a larger one", "[data][glyphs]") {
  const ImageSet large = draw_glyphs(0, GlyphPart::test, 50, 2),
                 small = draw_glyphs(0, GlyphPart::test, 20, 2);
  CHECK(std::equal(small.labels.begin(), small.labels.end(), large.labels.begin()));
  CHECK(std::equal(bytes_of(small).begin(), bytes_of(small).end(), bytes_of(large).begin()));
}

TEST_CASE("Seeds and parts draw different glyphs", "[data][glyphs]") {
  const ImageSet base = draw_glyphs(0, GlyphPart::train, 30);
  CHECK_FALSE(same(base, draw_glyphs(1, GlyphPart::train, 30)));
  CHECK_FALSE(same(base, draw_glyphs(0, GlyphPart::test, 30)));
  std::set<std::vector<std::uint8_t>> images;
  for (std::size_t i = 0; i < 30; ++i)
    images.emplace(bytes_of(base).begin() + static_cast<std::ptrdiff_t>(i * 784),
                   bytes_of(base).begin() + static_cast<std::ptrdiff_t>((i + 1) * 784));
  CHECK(images.size() == 30);
}

TEST_CASE("Glyphs look like ink on paper, in equal parts of each class", "[data][glyphs]") {
  const ImageSet images = draw_glyphs(0, GlyphPart::train, 5000);
  CHECK(images.shape == ImageShape{1, 28, 28});
  for (std::uint8_t label = 0; label < kGlyphClasses; ++label)
    CHECK(std::count(images.labels.begin(), images.labels.end(), label) == Approx(500).margin(100));
  CHECK(*std::max_element(images.labels.begin(), images.labels.end()) == kGlyphClasses - 1);

  // Each image: much paper, some dark ink, most of that away from the border.
  for (std::size_t i = 0; i < images.size(); ++i) {
    std::size_t dark = 0, pale = 0, dark_border = 0;
    for (std::size_t p = 0; p < 784; ++p) {
      const std::uint8_t value = bytes_of(images)[i * 784 + p];
      const std::size_t y = p / 28, x = p % 28;
      const bool border = std::min({x, y, 27 - x, 27 - y}) < 1;
      dark += value > 128;
      pale += value < 64;
      dark_border += value > 128 && border;
    }
    if (dark < 15 || pale < 450 || 3 * dark_border > dark)
      FAIL("image " << i << ": " << dark << " dark, " << pale << " pale, " << dark_border
                    << " dark at the border");
  }
}

}  // namespace ltlab::test
