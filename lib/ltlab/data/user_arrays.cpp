#include "ltlab/data/user_arrays.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/base/random.h"
#include "ltlab/hdf5/child.h"
#include "ltlab/hdf5/file.h"

namespace ltlab {
namespace {

struct Specification {
  std::string file;
  std::vector<std::string> arrays;  // images and labels, then perhaps test images and labels
};

Specification parse(const std::string& text) {
  const std::string rest = text.substr(std::string("h5:").size());
  Specification specification;
  // Arrays begin with a slash, so a colon in the file's name does no harm.
  const std::size_t colon = rest.rfind(":/");
  if (colon != std::string::npos) {
    specification.file = rest.substr(0, colon);
    for (std::size_t begin = colon + 1; begin <= rest.size();) {
      const std::size_t comma = std::min(rest.find(',', begin), rest.size());
      specification.arrays.push_back(rest.substr(begin, comma - begin));
      begin = comma + 1;
    }
  }
  const auto& arrays = specification.arrays;
  const bool absolute = std::all_of(arrays.begin(), arrays.end(),
                                    [](const std::string& path) { return path.starts_with('/'); });
  if (specification.file.empty() || !absolute || (arrays.size() != 2 && arrays.size() != 4))
    throw ConfigError("'" + text +
                      "' does not name a user's arrays: write h5:FILE:/images,/labels or "
                      "h5:FILE:/images,/labels,/test_images,/test_labels");
  return specification;
}

std::string text_of(const Shape& shape) {
  return "(" + join(shape, ", ", [](std::size_t extent) { return std::to_string(extent); }) + ")";
}

[[noreturn]] void refuse(const hdf5::Dataset& array, const std::string& fault) {
  throw DataError(array.where() + " " + fault);
}

// Whether images are in the order of most Python programs, (images, height, width, channels). Read in ltlab's
// order they would train, but each row of pixels would be normalized as a channel.
bool has_channels_last(const Shape& shape) {
  const auto colours = [](std::size_t extent) { return extent == 1 || extent == 3; };
  return shape.size() == 4 && colours(shape[3]) && !colours(shape[1]) && shape[2] > shape[3];
}

ImageShape image_shape(const hdf5::Dataset& array) {
  const Shape& shape = array.shape();
  if (shape.size() < 2 || shape.size() > 4)
    refuse(array, "has shape " + text_of(shape) +
                      ": images must be (images, features), (images, height, width) or (images, channels, "
                      "height, width)");
  if (has_channels_last(shape))
    refuse(array,
           "has shape " + text_of(shape) +
               ", which looks like (images, height, width, channels): store it as (images, channels, "
               "height, width), in numpy images.transpose(0, 3, 1, 2); images that really are so narrow "
               "fit as (images, features)");
  if (array.size() == 0) refuse(array, "has shape " + text_of(shape) + ": it holds no pixels");
  if (shape[0] > std::numeric_limits<std::uint32_t>::max()) refuse(array, "holds more than 2^32 - 1 images");
  switch (shape.size()) {
    case 2:
      return {1, 1, shape[1]};
    case 3:
      return {1, shape[1], shape[2]};
    default:
      return {shape[1], shape[2], shape[3]};
  }
}

template <class Pixel>
AlignedVector<Pixel> read_all(const hdf5::Dataset& array) {
  AlignedVector<Pixel> pixels(array.size());
  array.read(std::span<Pixel>(pixels));
  return pixels;
}

ImageSet read_images(const hdf5::Dataset& array) {
  using enum hdf5::ElementClass;
  ImageSet images;
  images.shape = image_shape(array);
  const hdf5::ElementType& element = array.element();
  if (element.kind == integer && element.bytes == 1 && !element.is_signed) {
    images.pixels = read_all<std::uint8_t>(array);
  } else if (element.kind == floating && element.bytes == 4) {
    images.pixels = read_all<float>(array);
  } else {
    refuse(array, "holds " + element.name + ": store images as uint8 or float32");
  }
  if (const auto* floats = std::get_if<AlignedVector<float>>(&images.pixels)) {
    const auto bad =
        std::find_if_not(floats->begin(), floats->end(), [](float v) { return std::isfinite(v); });
    if (bad != floats->end())
      refuse(array,
             "holds NaN or infinity, first in image " +
                 std::to_string(static_cast<std::size_t>(bad - floats->begin()) / images.shape.features()) +
                 ": replace such pixels");
  }
  return images;
}

std::vector<std::uint8_t> read_labels(const hdf5::Dataset& array, std::size_t images) {
  if (array.element().kind != hdf5::ElementClass::integer)
    refuse(array, "holds " + array.element().name + ": store labels as integers");
  if (array.shape() != Shape{images})
    refuse(array, "has shape " + text_of(array.shape()) + ": labels must have shape " + text_of({images}) +
                      ", one for each image");
  std::vector<std::int64_t> values(images);
  array.read(std::span<std::int64_t>(values));
  std::vector<std::uint8_t> labels;
  labels.reserve(images);
  for (std::size_t i = 0; i < images; ++i) {
    if (values[i] < 0 || values[i] > 255)
      refuse(array, "has label " + std::to_string(values[i]) + " at position " + std::to_string(i) +
                        ": labels must run from 0 to at most 255");
    labels.push_back(static_cast<std::uint8_t>(values[i]));
  }
  return labels;
}

ImageSet read_set(const hdf5::File& file, const std::string& images, const std::string& labels) {
  ImageSet set = read_images(file.dataset(images));
  const std::size_t count =
      std::visit([](const auto& pixels) { return pixels.size(); }, set.pixels) / set.shape.features();
  set.labels = read_labels(file.dataset(labels), count);
  return set;
}

using Sets = std::vector<ImageSet>;

// Reads one or two sets completely.
Sets read_sets(const std::string& name, const std::vector<std::string>& paths) {
  const hdf5::File file = hdf5::File::open(name);
  Sets sets;
  for (std::size_t i = 0; i < paths.size(); i += 2) sets.push_back(read_set(file, paths[i], paths[i + 1]));
  return sets;
}

struct SetHeader {
  ImageShape shape;
  std::uint64_t images, floats;
};

void send(const hdf5::ChildPipe& pipe, const Sets& sets) {
  for (const ImageSet& set : sets) {
    const SetHeader header{set.shape, set.size(), std::holds_alternative<AlignedVector<float>>(set.pixels)};
    pipe.write_value(header);
    std::visit([&](const auto& pixels) { pipe.write(std::as_bytes(std::span(pixels))); }, set.pixels);
    pipe.write(std::as_bytes(std::span(set.labels)));
  }
}

bool receive(const hdf5::ChildPipe& pipe, Sets& sets) {
  for (ImageSet& set : sets) {
    SetHeader header{};
    if (!pipe.read_value(header)) return false;
    set.shape = header.shape;
    if (header.floats) set.pixels.emplace<AlignedVector<float>>();
    const auto read = [&](auto& values, std::size_t size) {
      values.resize(size);
      return pipe.read(std::as_writable_bytes(std::span(values)));
    };
    const auto read_pixels = [&](auto& pixels) { return read(pixels, header.images * set.shape.features()); };
    if (!std::visit(read_pixels, set.pixels) || !read(set.labels, header.images)) return false;
  }
  return true;
}

// The file may be anybody's, in any HDF5 format, so a separate process reads it.
Sets read_sets_in_child(const std::string& name, const std::vector<std::string>& paths) {
  Sets sets(paths.size() / 2);
  hdf5::read_in_child(
      name,
      [&] { return [read = read_sets(name, paths)](const hdf5::ChildPipe& pipe) { send(pipe, read); }; },
      [&](const hdf5::ChildPipe& pipe) { return receive(pipe, sets); });
  return sets;
}

ImageSet subset(const ImageSet& images, std::span<const std::uint32_t> chosen) {
  ImageSet set;
  set.shape = images.shape;
  const std::size_t features = images.shape.features();
  std::visit(
      [&](const auto& pixels) {
        auto taken = pixels;
        taken.resize(chosen.size() * features);
        for (std::size_t i = 0; i < chosen.size(); ++i)
          std::copy_n(pixels.data() + chosen[i] * features, features, taken.data() + i * features);
        set.pixels = std::move(taken);
      },
      images.pixels);
  for (const std::uint32_t i : chosen) set.labels.push_back(images.labels[i]);
  return set;
}

void hold_out_test_set(std::uint64_t split_seed, const std::string& where, Dataset& data) {
  const std::size_t size = data.train.size(), test_size = size / 6;
  if (test_size == 0)
    throw DataError(where + " holds " + std::to_string(size) +
                    " images: too few to hold a sixth out as test set; name test arrays, too");
  auto order = RandomStream({split_seed, "test-split"}).permutation(static_cast<std::uint32_t>(size));
  const auto boundary = order.end() - static_cast<std::ptrdiff_t>(test_size);
  std::sort(order.begin(), boundary);
  std::sort(boundary, order.end());
  data.test = subset(data.train, {boundary, order.end()});
  data.train = subset(data.train, {order.begin(), boundary});
}

std::size_t count_classes(const Dataset& data) {
  std::size_t classes = 0;
  for (const ImageSet* set : {&data.train, &data.test})
    for (const std::uint8_t label : set->labels) classes = std::max(classes, label + std::size_t{1});
  return classes;
}

}  // namespace

bool is_user_arrays(const std::string& source) {
  return source.starts_with("h5:");
}

void separate_folder(DatasetOptions& options) {
  if (!is_user_arrays(options.source)) return;
  const std::filesystem::path file =
      std::filesystem::absolute(user_arrays_file(options.source, options.directory)).lexically_normal();
  options.source = "h5:" + file.filename().string() + ":" + join(parse(options.source).arrays, ",");
  options.directory = file.parent_path();
}

std::filesystem::path user_arrays_file(const std::string& specification, const std::string& directory) {
  return std::filesystem::path(directory) / parse(specification).file;
}

Dataset read_user_arrays(const std::string& specification, const std::string& directory,
                         std::uint64_t split_seed) {
  const std::vector<std::string> paths = parse(specification).arrays;
  const std::string name = user_arrays_file(specification, directory);
  Dataset data;
  try {
    Sets sets = read_sets_in_child(name, paths);
    data.train = std::move(sets.front());
    if (sets.size() == 2) data.test = std::move(sets.back());
  } catch (const IoError& error) {
    throw IoError(error.what() + std::string("; check --data, and --data-dir where the file has moved"));
  } catch (const StoreError& error) {
    throw DataError(
        error.what());  // the wrappers were written for runs; here the fault lies in the user's data
  }
  if (paths.size() == 2) hold_out_test_set(split_seed, "'" + name + "' at '" + paths[0] + "'", data);
  if (data.train.shape != data.test.shape || data.train.pixels.index() != data.test.pixels.index())
    throw DataError("'" + name + "': '" + paths[0] + "' and '" + paths[2] +
                    "' differ in the type or the extents of an image");
  data.classes = count_classes(data);
  if (data.classes < 2)
    throw DataError("'" + name + "' at '" + paths[1] +
                    "' holds only label 0: there is nothing to tell apart");
  return data;
}

}  // namespace ltlab
