#include "ltlab/data/dataset.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <optional>

#include "data/sample_files.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/data/glyphs.h"
#include "ltlab/data/sources.h"
#include "support/every_target.h"
#include "support/temporary_folder.h"

namespace ltlab::test {
namespace {

using Catch::Matchers::Contains;

DatasetOptions small_embedded() {
  DatasetOptions options;
  options.embedded_train = 300;
  options.embedded_test = 60;
  options.validation = 50;
  return options;
}

DatasetOptions in_folder(const std::string& source, const std::filesystem::path& folder) {
  DatasetOptions options;
  options.source = source;
  options.directory = folder.string();
  options.validation = 3;
  return options;
}

void save_idx(const std::filesystem::path& folder) {
  save(gzipped(idx_images(20, 6, 5)), folder / "train-images-idx3-ubyte.gz");
  save(idx_labels(20), folder / "train-labels-idx1-ubyte");
  save(idx_images(10, 6, 5, 1), folder / "t10k-images-idx3-ubyte");
  save(gzipped(idx_labels(10)), folder / "t10k-labels-idx1-ubyte.gz");
}

/// Sets an environment variable, or removes it, for one scope.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value.empty() ? unsetenv(name) : setenv(name, value.c_str(), 1);
  }
  ~Environment() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

// What gather() must give, written plainly.
template <class Pixel>
void check_gathered(const ImageSet& images, const Normalization& normalization,
                    const std::vector<std::uint32_t>& indices, const Activations<float>& batch) {
  const auto& pixels = std::get<AlignedVector<Pixel>>(images.pixels);
  const std::size_t plane = images.shape.height * images.shape.width, features = images.shape.features();
  REQUIRE(batch.batch() == indices.size());
  for (std::size_t f = 0; f < features; ++f)
    for (std::size_t i = 0; i < batch.panels() * batch.lanes(); ++i) {
      if (i >= indices.size()) {
        if (!std::isfinite(batch.at(f, i))) FAIL("padding lane " << i << " of feature " << f);
        continue;
      }
      const double expected =
          static_cast<double>(pixels[indices[i] * features + f]) * normalization.scale[f / plane] +
          normalization.shift[f / plane];
      if (std::abs(batch.at(f, i) - expected) > 1e-5) FAIL("feature " << f << ", image " << i);
    }
}

template <class Pixel>
ImageSet random_images(const ImageShape& shape, std::size_t count) {
  RandomStream random({5, "images"});
  ImageSet images;
  images.shape = shape;
  AlignedVector<Pixel> pixels(count * shape.features());
  for (Pixel& pixel : pixels) pixel = static_cast<Pixel>(random.below(256));
  images.pixels = std::move(pixels);
  images.labels.resize(count);
  return images;
}

}  // namespace

TEST_CASE("The embedded data are the same bytes on every machine", "[data]") {
  CHECK(load_dataset({}).fingerprint == kEmbeddedFingerprint);
}

TEST_CASE("The split partitions the training images and follows its seed", "[data]") {
  DatasetOptions options = small_embedded();
  const Dataset data = load_dataset(options);
  CHECK(data.name == "embedded");
  CHECK(data.classes == 10);
  CHECK(data.train.size() == 300);
  CHECK(data.test.size() == 60);
  CHECK(data.validation.size() == 50);
  CHECK(std::is_sorted(data.validation.begin(), data.validation.end()));
  CHECK(std::is_sorted(data.training.begin(), data.training.end()));
  std::vector<std::uint32_t> all = data.training;
  all.insert(all.end(), data.validation.begin(), data.validation.end());
  std::sort(all.begin(), all.end());
  std::vector<std::uint32_t> expected(300);
  std::iota(expected.begin(), expected.end(), 0u);
  CHECK(all == expected);
  auto first = RandomStream({0, "validation-split"}).permutation(300);
  first.resize(50);
  std::sort(first.begin(), first.end());
  CHECK(data.validation == first);

  options.split_seed = 1;
  const Dataset other = load_dataset(options);
  CHECK(other.validation != data.validation);
  CHECK(other.fingerprint == data.fingerprint);
  options.embedded_seed = 1;
  CHECK(load_dataset(options).fingerprint != data.fingerprint);
}

TEST_CASE("The held-out images may have a seed of their own", "[data]") {
  DatasetOptions options = small_embedded();
  const Dataset usual = load_dataset(options);
  options.validation_seed = 1;
  options.label_noise = 0.5;
  const Dataset other = load_dataset(options);
  CHECK(other.validation != usual.validation);
  DatasetOptions split = small_embedded();
  split.split_seed = 1;
  CHECK(other.validation == load_dataset(split).validation);
  options.validation_seed = 0;
  options.label_noise = 0;
  const Dataset same = load_dataset(options);
  CHECK(same.validation == usual.validation);
  CHECK(same.fingerprint == usual.fingerprint);
}

TEST_CASE("Random labels are drawn for the training set alone, by the split's seed", "[data]") {
  DatasetOptions options = small_embedded();
  const Dataset known = load_dataset(options);
  options.random_labels = true;
  const Dataset random = load_dataset(options), again = load_dataset(options);
  CHECK(random.train.labels == again.train.labels);
  CHECK(random.test.labels == known.test.labels);
  CHECK(random.train.pixels == known.train.pixels);
  CHECK(random.training == known.training);
  CHECK(random.fingerprint != known.fingerprint);
  std::size_t same = 0;
  for (std::size_t i = 0; i < 300; ++i) same += random.train.labels[i] == known.train.labels[i];
  CHECK(same < 60);  // a tenth, give or take 6 deviations
  CHECK(std::ranges::max(random.train.labels) == 9);
  options.split_seed = 1;
  CHECK(load_dataset(options).train.labels != random.train.labels);
}

TEST_CASE("Label noise draws the labels of a part of the training images, and changes nothing else",
          "[data]") {
  DatasetOptions options = small_embedded();
  const Dataset known = load_dataset(options);
  options.label_noise = 0.4;
  const Dataset noisy = load_dataset(options), again = load_dataset(options);
  CHECK(noisy.train.labels == again.train.labels);
  CHECK(noisy.test.labels == known.test.labels);
  CHECK(noisy.train.pixels == known.train.pixels);
  CHECK(noisy.training == known.training);
  CHECK(noisy.fingerprint != known.fingerprint);
  for (const std::uint32_t held_out : known.validation)
    CHECK(noisy.train.labels[held_out] == known.train.labels[held_out]);
  const auto changed = [&](const Dataset& other) {
    return std::ranges::count_if(known.training, [&](std::uint32_t image) {
      return other.train.labels[image] != known.train.labels[image];
    });
  };
  const double drawn = 0.4 * static_cast<double>(known.training.size());
  CHECK(changed(noisy) <= drawn);
  CHECK(std::abs(static_cast<double>(changed(noisy)) - 0.9 * drawn) < 6 * std::sqrt(0.09 * drawn));
  options.split_seed = 1;
  CHECK(load_dataset(options).train.labels != noisy.train.labels);
  options.split_seed = 0;
  options.label_noise = 0;
  CHECK(load_dataset(options).fingerprint == known.fingerprint);
}

TEST_CASE("Impossible splits and unknown sources are refused", "[data]") {
  DatasetOptions options = small_embedded();
  options.validation = 0;
  CHECK(load_dataset(options).training.size() == 300);
  options.validation = 299;
  CHECK(load_dataset(options).training.size() == 1);
  options.validation = 300;
  CHECK_THAT(message_of<ConfigError>([&] { load_dataset(options); }), Contains("300 validation images"));
  options.validation = 0;
  options.embedded_test = 0;
  CHECK_THROWS_AS(load_dataset(options), ConfigError);
  options.source = "imagenet";
  CHECK_THAT(message_of<ConfigError>([&] { load_dataset(options); }),
             Contains("'imagenet'") && Contains("cifar10"));
}

TEST_CASE("Normalized training pixels have mean 0 and standard deviation 1 by channel", "[data]") {
  const Dataset data = load_dataset(small_embedded());
  double sum = 0, squares = 0;
  const auto& pixels = std::get<AlignedVector<std::uint8_t>>(data.train.pixels);
  for (const std::uint8_t pixel : pixels) {
    const double value = pixel * double{data.normalization.scale.at(0)} + data.normalization.shift.at(0);
    sum += value;
    squares += value * value;
  }
  CHECK(sum / static_cast<double>(pixels.size()) == Approx(0).margin(1e-5));
  CHECK(squares / static_cast<double>(pixels.size()) == Approx(1).epsilon(1e-5));
}

TEST_CASE("IDX files are found in the source's folder or in the directory itself", "[data]") {
  const TemporaryFolder folder;
  CHECK_THAT(message_of<IoError>([&] { load_dataset(in_folder("mnist", folder.path())); }),
             Contains("no mnist in " + folder.path().string()) && Contains("ltlab data fetch mnist"));
  save_idx(folder.path() / "fashion-mnist");
  CHECK_THROWS_AS(load_dataset(in_folder("mnist", folder.path())), IoError);
  const Dataset fashion = load_dataset(in_folder("fashion-mnist", folder.path()));
  CHECK(fashion.train.shape == ImageShape{1, 6, 5});
  CHECK(fashion.train.size() == 20);
  CHECK(fashion.test.size() == 10);
  CHECK(fashion.training.size() == 17);

  const Dataset direct = load_dataset(in_folder("mnist", folder.path() / "fashion-mnist"));
  CHECK(direct.fingerprint == fashion.fingerprint);
  save(idx_images(10, 6, 5, 2), folder.path() / "fashion-mnist" / "t10k-images-idx3-ubyte");
  CHECK(load_dataset(in_folder("fashion-mnist", folder.path())).fingerprint != fashion.fingerprint);
}

TEST_CASE("Incomplete and inconsistent sets of files are refused by name", "[data]") {
  const TemporaryFolder folder;
  save_idx(folder.path());
  save(idx_images(10, 5, 6), folder.path() / "t10k-images-idx3-ubyte");
  CHECK_THAT(message_of<DataError>([&] { load_dataset(in_folder("mnist", folder.path())); }),
             Contains("train-images-idx3-ubyte.gz") && Contains("different extents"));
  std::filesystem::remove(folder.path() / "t10k-images-idx3-ubyte");
  CHECK_THAT(message_of<DataError>([&] { load_dataset(in_folder("mnist", folder.path())); }),
             Contains("lacks t10k-images-idx3-ubyte.gz"));
  save({1, 2, 3}, folder.path() / "cifar-10-batches-bin" / "test_batch.bin");
  CHECK_THAT(message_of<DataError>([&] { load_dataset(in_folder("cifar10", folder.path())); }),
             Contains("lacks data_batch_1.bin, data_batch_2.bin"));
  for (const char* name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"})
    save({1, 2, 3}, folder.path() / "cifar-10-batches-bin" / (std::string(name) + ".bin"));
  CHECK_THAT(message_of<DataError>([&] { load_dataset(in_folder("cifar10", folder.path())); }),
             Contains("data_batch_1.bin' has 3 bytes"));
}

TEST_CASE("Data are looked for in LTLAB_DATA, beside the project, then in the cache", "[data]") {
  using Paths = std::vector<std::filesystem::path>;
  CHECK(data_directories("here") == Paths{"here"});
  const Environment data("LTLAB_DATA", "/data"), cache("XDG_CACHE_HOME", "/cache"), home("HOME", "/home/me");
  CHECK(data_directories("") == Paths{"/data", "../shared/data", "/cache/ltlab"});
  CHECK(fetch_directory("there") == "there");
  CHECK(fetch_directory("") == "/data");
  const Environment no_data("LTLAB_DATA", ""), no_cache("XDG_CACHE_HOME", "");
  CHECK(data_directories("") == Paths{"../shared/data", "/home/me/.cache/ltlab"});
  CHECK(fetch_directory("") == "/home/me/.cache/ltlab");
  const Environment no_home("HOME", "");
  CHECK(data_directories("") == Paths{"../shared/data"});
  CHECK_THROWS_AS(fetch_directory(""), ConfigError);
}

TEST_CASE("Every published source names its files and digests", "[data]") {
  for (const Source& source : published_sources()) {
    CHECK(source.files.size() == (source.archive ? 6 : 4));
    for (const PublishedFile& file : source.files) {
      CHECK_FALSE((file.sha256.empty() && file.content_sha256.empty()));
      for (const std::string& digest : {file.sha256, file.content_sha256})
        CHECK((digest.empty() ||
               (digest.size() == 64 && digest.find_first_not_of("0123456789abcdef") == std::string::npos)));
    }
  }
  CHECK_THAT(message_of<ConfigError>([] { published_source("svhn"); }),
             Contains("mnist, fashion-mnist, cifar10"));
}

TEST_CASE("Real MNIST reads as it is known", "[data][mnist]") {
  DatasetOptions options;
  options.source = "mnist";
  // Tests run within the build folder, so that ../shared/data counts from the project's root here.
  const auto beside_project = std::filesystem::path(LTLAB_TESTS) / "../../shared/data";
  if (find_files(published_source("mnist"), data_directories("")).empty())
    options.directory = beside_project.string();
  if (find_files(published_source("mnist"), data_directories(options.directory)).empty()) {
    std::cout << "skipped: no MNIST\n";
    return;
  }
  const Dataset data = load_dataset(options);
  CHECK(data.train.shape == ImageShape{1, 28, 28});
  CHECK(data.train.size() == 60000);
  CHECK(data.test.size() == 10000);
  CHECK(data.training.size() == 55000);
  CHECK(std::vector<std::uint8_t>(data.train.labels.begin(), data.train.labels.begin() + 5) ==
        std::vector<std::uint8_t>{5, 0, 4, 1, 9});
  // The mean 0.1307 and standard deviation 0.3081 of pixels in [0, 1] that everybody uses.
  CHECK(1 / (255 * data.normalization.scale[0]) == Approx(0.3081).margin(5e-5));
  CHECK(-data.normalization.shift[0] / (255 * data.normalization.scale[0]) == Approx(0.1307).margin(5e-5));

  // A file of MNIST is not taken for one of Fashion-MNIST.
  const auto folder =
      find_files(published_source("mnist"), data_directories(options.directory))[0].parent_path();
  options.source = "fashion-mnist";
  options.directory = folder.string();
  CHECK_THAT(message_of<DataError>([&] { load_dataset(options); }), Contains("is a file of mnist"));
}

TEMPLATE_TEST_CASE("A batch is gathered and normalized, and its padding lanes stay finite", "[data][gather]",
                   std::uint8_t, float) {
  for (const ImageShape& shape :
       {ImageShape{1, 28, 28}, ImageShape{3, 8, 7}, ImageShape{1, 1, 5}, ImageShape{2, 1, 1}}) {
    const ImageSet images = random_images<TestType>(shape, 150);
    Normalization normalization;
    for (std::size_t c = 0; c < shape.channels; ++c) {
      normalization.scale.push_back(0.01f * static_cast<float>(c + 1));
      normalization.shift.push_back(-0.5f - static_cast<float>(c));
    }
    for (const std::size_t count : {1u, 15u, 16u, 17u, 60u, 64u, 65u, 100u, 128u, 150u}) {
      std::vector<std::uint32_t> indices = RandomStream({1, "order"}).permutation(150);
      indices.resize(count);
      Activations<float> batch(shape.features(), count, panel_lanes(count));
      on_every_target([&] {
        std::fill(batch.data(), batch.data() + batch.size(), 99.0f);
        gather(images, normalization, indices, batch);
        check_gathered<TestType>(images, normalization, indices, batch);
      });
      Activations<float> bordered({shape, count, 16, 1});
      gather(images, normalization, indices, bordered);
      check_gathered<TestType>(images, normalization, indices, bordered);
      double border = 0;  // whatever the interior does not hold
      for (std::size_t i = 0; i < bordered.size(); ++i) border += std::abs(bordered.data()[i]);
      for (std::size_t f = 0; f < shape.features(); ++f)
        for (std::size_t i = 0; i < bordered.panels() * 16; ++i) border -= std::abs(bordered.at(f, i));
      CHECK(border == Approx(0).margin(1e-6));
    }
  }
}

TEST_CASE("A batch may shrink, grow and be empty", "[data][gather]") {
  const ImageSet images = random_images<std::uint8_t>({1, 4, 4}, 90);
  const Normalization normalization{{0.5f}, {1.0f}};
  Activations<float> batch(16, 60, 64);
  for (const std::size_t count : {60u, 7u, 0u, 90u, 3u}) {
    std::vector<std::uint32_t> indices(count, 89);
    gather(images, normalization, indices, batch);
    check_gathered<std::uint8_t>(images, normalization, indices, batch);
  }
}

TEST_CASE("Gathering what does not fit together is refused", "[data][gather]") {
  const ImageSet images = random_images<std::uint8_t>({1, 4, 4}, 10);
  const std::vector<std::uint32_t> past_the_end{3, 10}, good{3, 9};
  Activations<float> batch(16, 2, 16), narrow(15, 2, 16);
  CHECK_THROWS_AS(gather(images, {{1.0f}, {0.0f}}, past_the_end, batch), ConfigError);
  CHECK_THROWS_AS(gather(images, {{1.0f}, {0.0f}}, good, narrow), ConfigError);
  CHECK_THROWS_AS(gather(images, {{1.0f, 1.0f}, {0.0f, 0.0f}}, good, batch), ConfigError);
  Activations<float> flat_with_border({{16, 1, 1}, 2, 16, 1});
  CHECK_THROWS_AS(gather(images, {{1.0f}, {0.0f}}, good, flat_with_border), ConfigError);
}

}  // namespace ltlab::test
