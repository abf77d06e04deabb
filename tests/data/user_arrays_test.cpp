// A user's own arrays, h5:FILE:/images,/labels.
#include "ltlab/data/user_arrays.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "data/sample_files.h"
#include "ltlab/base/error.h"
#include "ltlab/data/dataset.h"
#include "ltlab/data/sources.h"
#include "ltlab/hdf5/file.h"
#include "support/temporary_folder.h"

namespace ltlab::test {
namespace {

using Catch::Matchers::Contains;

/// Arrays of many kinds in one file.
class Sample {
 public:
  Sample() {
    const std::vector<std::uint8_t> bytes = counting<std::uint8_t>(24 * 12);
    std::vector<float> floats = counting<float>(24 * 12);
    auto file = hdf5::File::create_image(path());
    file.write("bytes", {24, 3, 4}, bytes);
    file.write("deep/bytes", {12, 12}, std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + 144));
    file.write("floats", {24, 3, 2, 2}, floats);
    file.write("doubles", {24, 12}, counting<double>(24 * 12));
    file.write("channels_last", {6, 4, 4, 3}, bytes);
    file.write("grey_last", {24, 3, 4, 1}, bytes);
    file.write("grey_rows_last", {24, 4, 3, 1}, bytes);
    file.write("six_labels", {6}, labels(6, 4));
    file.write("rank1", {288}, bytes);
    file.write("rank5", {24, 1, 3, 2, 2}, bytes);
    file.write("few", {5, 12}, std::vector<std::uint8_t>(60));
    file.write("none", {0, 12}, std::vector<std::uint8_t>{});
    floats[30] = std::nanf("");
    file.write("nan", {24, 12}, floats);
    floats[30] = -std::numeric_limits<float>::infinity();
    file.write("infinite", {24, 12}, floats);
    file.write("labels", {24}, labels(24, 4));
    file.write("labels8", {24}, std::vector<std::uint8_t>(24, 5));
    file.write("test_labels", {12}, labels(12, 7));
    file.write("few_labels", {5}, labels(5, 2));
    file.write("zeros", {24}, std::vector<std::int64_t>(24));
    file.write("column", {24, 1}, labels(24, 4));
    auto bad = labels(24, 4);
    bad[7] = 256;
    file.write("too_large", {24}, bad);
    bad[7] = -1;
    file.write("negative", {24}, bad);
    const auto image = file.close_image();
    Bytes content;
    for (const std::byte b : image) content.push_back(static_cast<std::uint8_t>(b));
    save(content, path());
  }

  std::filesystem::path path() const { return folder_.path() / "my:arrays.h5"; }

  DatasetOptions options(const std::string& arrays) const {
    DatasetOptions options;
    options.source = "h5:" + path().string() + ":" + arrays;
    options.validation = 2;
    return options;
  }
  Dataset load(const std::string& arrays) const { return load_dataset(options(arrays)); }
  std::string refusal(const std::string& arrays) const {
    return message_of<DataError>([&] { load(arrays); });
  }

 private:
  template <class T>
  static std::vector<T> counting(std::size_t size) {
    std::vector<T> values(size);
    std::iota(values.begin(), values.end(), T(0));
    return values;
  }
  static std::vector<std::int64_t> labels(std::size_t size, std::int64_t classes) {
    std::vector<std::int64_t> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<std::int64_t>(i) % classes;
    return values;
  }

  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("A user's images and labels become a dataset", "[data][h5]") {
  const Sample sample;
  SECTION("bytes, with a test set of their own") {
    const Dataset data = sample.load("/bytes,/labels,/bytes,/labels8");
    CHECK(data.name == sample.options("/bytes,/labels,/bytes,/labels8").source);
    CHECK(data.train.shape == ImageShape{1, 3, 4});
    CHECK(data.classes == 6);
    CHECK(data.train.size() == 24);
    CHECK(data.training.size() == 22);
    CHECK(std::get<AlignedVector<std::uint8_t>>(data.train.pixels)[13] == 13);
    CHECK(data.train.labels[6] == 2);
  }
  SECTION("features of rank 2") {
    const Dataset data = sample.load("/deep/bytes,/test_labels");
    CHECK(data.train.shape == ImageShape{1, 1, 12});
    CHECK(data.classes == 7);
  }
  SECTION("floats of several channels, each normalized by itself") {
    const Dataset data = sample.load("/floats,/labels,/floats,/labels");
    CHECK(data.train.shape == ImageShape{3, 2, 2});
    CHECK(std::get<AlignedVector<float>>(data.test.pixels)[100] == 100.0f);
    const double mean = -data.normalization.shift[2] / data.normalization.scale[2];
    CHECK(mean == Approx(12 * 11.5 + 8 + 1.5));
  }
}

TEST_CASE("Pixels that never change are shifted but not scaled", "[data][h5]") {
  const TemporaryFolder folder;
  auto file = hdf5::File::create_image("constant");
  file.write("images", {12, 2}, std::vector<float>(24, 3.5f));
  file.write("labels", {12}, std::vector<std::int64_t>{0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1});
  const auto image = file.close_image();
  Bytes content(image.size());
  std::transform(image.begin(), image.end(), content.begin(),
                 [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  save(content, folder.path() / "constant.h5");
  DatasetOptions options;
  options.source = "h5:" + (folder.path() / "constant.h5").string() + ":/images,/labels";
  options.validation = 0;
  const Dataset data = load_dataset(options);
  CHECK(data.normalization.scale == std::vector<float>{1.0f});
  CHECK(data.normalization.shift == std::vector<float>{-3.5f});
}

TEST_CASE("Without a test set a sixth of the images is held out by the split's seed", "[data][h5]") {
  const Sample sample;
  const auto first_pixels = [](const ImageSet& images) {
    std::vector<unsigned> pixels;
    const auto& all = std::get<AlignedVector<float>>(images.pixels);
    for (std::size_t i = 0; i < images.size(); ++i) pixels.push_back(static_cast<unsigned>(all[12 * i]));
    return pixels;
  };
  const Dataset data = sample.load("/floats,/labels");
  CHECK(data.test.size() == 4);
  CHECK(data.train.size() == 20);
  const auto train = first_pixels(data.train), test = first_pixels(data.test);
  CHECK(std::is_sorted(train.begin(), train.end()));
  CHECK(std::is_sorted(test.begin(), test.end()));
  std::set<unsigned> all(train.begin(), train.end());
  all.insert(test.begin(), test.end());
  CHECK(all.size() == 24);
  for (std::size_t i = 0; i < 4; ++i) CHECK(data.test.labels[i] == test[i] / 12 % 4);
  for (std::size_t i = 0; i < 20; ++i) CHECK(data.train.labels[i] == train[i] / 12 % 4);

  DatasetOptions options = sample.options("/floats,/labels");
  CHECK(first_pixels(load_dataset(options).test) == test);
  options.split_seed = 1;
  CHECK(first_pixels(load_dataset(options).test) != test);
}

TEST_CASE("Arrays of the wrong shape, type or range are refused by name", "[data][h5]") {
  const Sample sample;
  const std::string file = sample.path().string();
  CHECK_THAT(sample.refusal("/rank1,/labels"),
             Contains(file) && Contains("/rank1") && Contains("has shape (288)"));
  CHECK_THAT(sample.refusal("/rank5,/labels"), Contains("has shape (24, 1, 3, 2, 2)"));
  for (const char* arrays : {"/channels_last,/six_labels", "/grey_rows_last,/labels"})
    CHECK_THAT(sample.refusal(arrays),
               Contains("(images, height, width, channels)") && Contains("images.transpose(0, 3, 1, 2)"));
  CHECK(sample.load("/grey_last,/labels").train.shape == ImageShape{3, 4, 1});  // could be either
  CHECK_THAT(sample.refusal("/none,/labels"), Contains("/none") && Contains("no pixels"));
  CHECK_THAT(sample.refusal("/doubles,/labels"), Contains("holds float64: store images as uint8 or float32"));
  CHECK_THAT(sample.refusal("/labels,/labels"), Contains("has shape (24)"));
  CHECK_THAT(sample.refusal("/column,/labels"), Contains("holds int64"));
  CHECK_THAT(sample.refusal("/nan,/labels"), Contains("/nan") && Contains("first in image 2"));
  CHECK_THAT(sample.refusal("/infinite,/labels"), Contains("NaN or infinity"));
  CHECK_THAT(sample.refusal("/bytes,/test_labels"),
             Contains("/test_labels") && Contains("must have shape (24)"));
  CHECK_THAT(sample.refusal("/bytes,/column"), Contains("/column") && Contains("must have shape (24)"));
  CHECK_THAT(sample.refusal("/bytes,/floats"), Contains("store labels as integers"));
  CHECK_THAT(sample.refusal("/bytes,/too_large"), Contains("has label 256 at position 7"));
  CHECK_THAT(sample.refusal("/bytes,/negative"), Contains("has label -1 at position 7"));
  CHECK_THAT(sample.refusal("/bytes,/zeros"), Contains("/zeros") && Contains("only label 0"));
  CHECK_THAT(sample.refusal("/few,/few_labels"), Contains("too few"));
  CHECK_THAT(sample.refusal("/bytes,/labels,/floats,/labels"), Contains("differ"));
  CHECK_THAT(sample.refusal("/bytes,/labels,/deep/bytes,/test_labels"), Contains("differ"));
  CHECK_THAT(sample.refusal("/absent,/labels"), Contains("absent"));
  CHECK_THAT(sample.refusal("/deep,/labels"), Contains("deep"));
}

TEST_CASE("A user's arrays are the same source wherever their file lies", "[data][h5]") {
  const Sample sample;
  DatasetOptions options = sample.options("/bytes,/labels");
  const std::string fingerprint = load_dataset(options).fingerprint;
  separate_folder(options);
  CHECK(options.source == "h5:my:arrays.h5:/bytes,/labels");
  CHECK(options.directory == sample.path().parent_path());
  CHECK(load_dataset(options).fingerprint == fingerprint);
  CHECK(holds_data(options.directory, options.source));
  CHECK_FALSE(holds_data("/nowhere", options.source));

  options.source = "h5:../b/my.h5:/images,/labels,/i,/l";
  options.directory = "/somewhere/a";
  separate_folder(options);
  CHECK(options.source == "h5:my.h5:/images,/labels,/i,/l");
  CHECK(options.directory == "/somewhere/b");
  options.source = "mnist";
  separate_folder(options);
  CHECK(options.source == "mnist");
}

TEST_CASE("Specifications and files that make no sense are refused", "[data][h5]") {
  const Sample sample;
  const auto config_fault = [](const std::string& source) {
    DatasetOptions options;
    options.source = source;
    return message_of<ConfigError>([&] { load_dataset(options); });
  };
  for (const char* source : {"h5:", "h5:file.h5", "h5:/images,/labels", "h5:file.h5:/images", "h5:f:/a,/b,/c",
                             "h5:f:/a,/b,/c,/d,/e", "h5:f:/a,b", "h5:f:/a,"})
    CHECK_THAT(config_fault(source), Contains(source) && Contains("h5:FILE:/images,/labels"));

  DatasetOptions options;
  options.source = "h5:/nowhere/absent.h5:/images,/labels";
  CHECK_THAT(message_of<IoError>([&] { load_dataset(options); }),
             Contains("/nowhere/absent.h5") && Contains("--data-dir"));
  const TemporaryFolder folder;
  save(idx_images(3, 4, 5), folder.path() / "no.h5");
  options.source = "h5:" + (folder.path() / "no.h5").string() + ":/images,/labels";
  CHECK_THAT(message_of<DataError>([&] { load_dataset(options); }), Contains("no.h5"));
}

TEST_CASE("a user's arrays that lie in another file are refused, were it a pipe that never answers",
          "[data]") {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe", path = folder.path() / "links.h5";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  auto file = hdf5::File::create_image(path);
  file.link_external("elsewhere", "pipe");
  file.write("labels", {4}, std::vector<std::int64_t>{0, 1, 0, 1});
  Bytes content;
  for (const std::byte b : file.close_image()) content.push_back(static_cast<std::uint8_t>(b));
  save(content, path);
  for (const char* images : {"/elsewhere", "/elsewhere/images"}) {
    DatasetOptions options;
    options.source = "h5:" + path.string() + ":" + images + ",/labels";
    CHECK_THAT(message_of<DataError>([&] { load_dataset(options); }), Contains("in another file"));
  }
}

}  // namespace ltlab::test
