#include "ltlab/data/dataset.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/base/sha256.h"
#include "ltlab/base/text.h"
#include "ltlab/data/cifar10.h"
#include "ltlab/data/file_digest.h"
#include "ltlab/data/glyphs.h"
#include "ltlab/data/idx.h"
#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"

namespace ltlab {
namespace fs = std::filesystem;
namespace {

void draw_embedded(const DatasetOptions& options, Dataset& data) {
  if (options.embedded_train == 0 || options.embedded_test == 0)
    throw ConfigError("the embedded data need at least one training and one test image");
  data.train = draw_glyphs(options.embedded_seed, GlyphPart::train, options.embedded_train);
  data.test = draw_glyphs(options.embedded_seed, GlyphPart::test, options.embedded_test);
}

// MNIST and Fashion-MNIST use the same file names, so files outside their own folder may be the other's.
void check_identity(const Source& source, const fs::path& test_labels) {
  const std::string digest = sha256_of_content(test_labels);
  for (const Source& other : published_sources())
    if (other.name != source.name && !other.archive && other.files.back().content_sha256 == digest)
      throw DataError("'" + test_labels.string() + "' is a file of " + other.name + ", not of " +
                      source.name + ": keep each in a folder of its own name");
}

void load_idx(const Source& source, const std::vector<fs::path>& files, Dataset& data) {
  check_identity(source, files.back());
  data.train = read_idx(files[0], files[1], data.classes);
  data.test = read_idx(files[2], files[3], data.classes);
  if (data.train.shape != data.test.shape)
    throw DataError("'" + files[0].string() + "' and '" + files[2].string() +
                    "' have images of different extents");
}

// Returns both sets as they come, before normalization and split.
Dataset load_source(const DatasetOptions& options) {
  if (is_user_arrays(options.source))
    return read_user_arrays(options.source, options.directory, options.split_seed);
  Dataset data;
  data.classes = 10;  // of every source but a user's arrays
  if (options.source == "embedded") {
    draw_embedded(options, data);
    return data;
  }
  require_known_source(options.source);
  const Source source = published_source(options.source);
  const auto files = require_files(source, data_directories(options.directory));
  if (source.name == "cifar10") {
    data.train = read_cifar10({files.begin(), files.end() - 1});
    data.test = read_cifar10({files.back()});
  } else {
    load_idx(source, files, data);
  }
  return data;
}

struct Moments {
  double mean = 0, deviation = 0;
};

// Calls `see` with each pixel of a channel, image by image.
template <class Pixels, class See>
void each_pixel(const Pixels& pixels, const ImageShape& shape, std::size_t channel, const See& see) {
  const std::size_t plane = shape.height * shape.width;
  for (std::size_t begin = channel * plane; begin < pixels.size(); begin += shape.features())
    for (std::size_t i = begin; i < begin + plane; ++i) see(pixels[i]);
}

// Computed for bytes from counts, which are exact, so that the order of the images does not matter either.
Moments moments(const AlignedVector<std::uint8_t>& pixels, const ImageShape& shape, std::size_t channel) {
  std::array<std::uint64_t, 256> counts{};
  each_pixel(pixels, shape, channel, [&](std::uint8_t pixel) { ++counts[pixel]; });
  double number = 0, sum = 0, squares = 0;
  for (std::size_t value = 0; value < counts.size(); ++value) {
    const auto count = static_cast<double>(counts[value]), v = static_cast<double>(value);
    number += count;
    sum += count * v;
    squares += count * v * v;
  }
  const double mean = sum / number;
  return {mean, std::sqrt(std::max(0.0, squares / number - mean * mean))};
}

Moments moments(const AlignedVector<float>& pixels, const ImageShape& shape, std::size_t channel) {
  // The rounding of a sum would give a deviation to a channel that never changes.
  const float first = pixels[channel * shape.height * shape.width];
  bool changes = false;
  double sum = 0, squares = 0;
  each_pixel(pixels, shape, channel, [&](float pixel) {
    changes = changes || pixel != first;
    sum += static_cast<double>(pixel);
  });
  if (!changes) return {first, 0};
  const std::size_t count = pixels.size() / shape.channels;
  const auto number = static_cast<double>(count);
  const double mean = sum / number;
  each_pixel(pixels, shape, channel, [&](float pixel) {
    const double off = static_cast<double>(pixel) - mean;
    squares += off * off;
  });
  return {mean, std::sqrt(squares / number)};
}

// Smaller deviations are denormal floats, which training takes for 0; larger ones give a denormal scale.
constexpr double kLeastDeviation = 100.0 * std::numeric_limits<float>::min();
constexpr double kGreatestDeviation = 0.01 / std::numeric_limits<float>::min();
// Standardized values beyond this overflow in a network's sums and squares.
constexpr float kGreatestValue = 1e12F;

Normalization standardize(const std::string& name, const ImageSet& images) {
  const ImageShape& shape = images.shape;
  Normalization normalization;
  for (std::size_t c = 0; c < shape.channels; ++c) {
    const Moments m =
        std::visit([&](const auto& pixels) { return moments(pixels, shape, c); }, images.pixels);
    if (m.deviation != 0 && !(m.deviation >= kLeastDeviation && m.deviation <= kGreatestDeviation)) {
      TextStream text;
      text << name << ": the pixels of channel " << c << " have a standard deviation of " << m.deviation
           << ", out of reach of float arithmetic: store them on another scale, in numpy as "
              "(images.astype('f8') / images.astype('f8').std()).astype('f4')";
      throw DataError(text.str());
    }
    const double scale = m.deviation > 0 ? 1 / m.deviation : 1.0;
    normalization.scale.push_back(static_cast<float>(scale));
    normalization.shift.push_back(static_cast<float>(-m.mean * scale));
  }
  return normalization;
}

// Refuses a pixel far from all others, which bytes cannot have.
void check_values(const std::string& name, const ImageSet& images, const Normalization& normalization) {
  const auto* pixels = std::get_if<AlignedVector<float>>(&images.pixels);
  if (!pixels) return;
  const ImageShape& shape = images.shape;
  const std::size_t plane = shape.height * shape.width, planes = pixels->size() / plane;
  for (std::size_t p = 0; p < planes; ++p) {
    const float scale = normalization.scale[p % shape.channels],
                shift = normalization.shift[p % shape.channels];
    const auto too_far = [&](float pixel) { return !(std::abs(pixel * scale + shift) <= kGreatestValue); };
    const auto begin = pixels->begin() + static_cast<std::ptrdiff_t>(p * plane);
    const auto bad = std::find_if(begin, begin + static_cast<std::ptrdiff_t>(plane), too_far);
    if (bad == begin + static_cast<std::ptrdiff_t>(plane)) continue;
    TextStream text;
    text << name << ": image " << p / shape.channels << " has a pixel of " << *bad << ", "
         << std::abs(*bad * scale + shift) << " standard deviations away from its channel's mean: replace it";
    throw DataError(text.str());
  }
}

// Digests each set as a line with name, type and extents, then labels, then pixels (little-endian floats).
void digest_set(Sha256& digest, std::string_view name, const ImageSet& images) {
  std::visit(
      [&](const auto& pixels) {
        using Pixel = typename std::decay_t<decltype(pixels)>::value_type;
        const ImageShape& shape = images.shape;
        std::string header(name);
        header += std::is_same_v<Pixel, float> ? " float32" : " uint8";
        for (const std::size_t extent : {images.size(), shape.channels, shape.height, shape.width})
          header += " " + std::to_string(extent);
        header += "\n";
        digest.add(std::as_bytes(std::span(header)));
        digest.add(std::as_bytes(std::span(images.labels)));
        digest.add(std::as_bytes(std::span(pixels)));
      },
      images.pixels);
}

std::string fingerprint(const ImageSet& train, const ImageSet& test) {
  Sha256 digest;
  digest_set(digest, "train", train);
  digest_set(digest, "test", test);
  return digest.hex();
}

void draw_labels(std::uint64_t seed, std::size_t classes, ImageSet& images) {
  RandomStream random({seed, "random-labels"});
  for (std::uint8_t& label : images.labels) label = static_cast<std::uint8_t>(random.below(classes));
}

void draw_labels_of_part(double fraction, std::uint64_t seed, Dataset& data) {
  RandomStream random({seed, "label-noise"});
  const auto images = static_cast<std::uint32_t>(data.training.size());
  const auto order = random.permutation(images);
  const auto drawn = static_cast<std::size_t>(std::llround(fraction * images));
  for (std::size_t i = 0; i < drawn; ++i)
    data.train.labels[data.training[order[i]]] = static_cast<std::uint8_t>(random.below(data.classes));
}

}  // namespace

void hold_out_validation(std::size_t validation, std::uint64_t seed, Dataset& data) {
  const std::size_t size = data.train.size();
  if (validation >= size)
    throw ConfigError("cannot hold " + std::to_string(validation) + " validation images out of " +
                      std::to_string(size) + " training images of " + data.name +
                      ": choose fewer (--validation)");
  const auto order = RandomStream({seed, "validation-split"}).permutation(static_cast<std::uint32_t>(size));
  const auto boundary = order.begin() + static_cast<std::ptrdiff_t>(validation);
  data.validation.assign(order.begin(), boundary);
  data.training.assign(boundary, order.end());
  std::sort(data.validation.begin(), data.validation.end());
  std::sort(data.training.begin(), data.training.end());
}

Dataset load_dataset(const DatasetOptions& options) {
  Dataset data = load_source(options);
  data.name = options.source;
  if (options.random_labels) draw_labels(options.split_seed, data.classes, data.train);
  hold_out_validation(options.validation, options.validation_seed.value_or(options.split_seed), data);
  if (options.label_noise > 0) draw_labels_of_part(options.label_noise, options.split_seed, data);
  data.fingerprint = fingerprint(data.train, data.test);
  data.normalization = standardize(data.name, data.train);
  check_values(data.name + ", training images", data.train, data.normalization);
  check_values(data.name + ", test images", data.test, data.normalization);
  return data;
}

std::vector<std::size_t> classes_without_images(const Dataset& dataset) {
  std::vector<bool> has_images(dataset.classes);
  for (const std::uint8_t label : dataset.train.labels) has_images[label] = true;
  std::vector<std::size_t> without;
  for (std::size_t label = 0; label < dataset.classes; ++label) {
    if (!has_images[label]) without.push_back(label);
  }
  return without;
}

}  // namespace ltlab
