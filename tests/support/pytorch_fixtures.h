#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "ltlab/hdf5/file.h"
#include "ltlab/nn/models.h"

// What tests/nn/make_pytorch_fixtures.py stored of PyTorch's computations, and the recipe of the weights and
// images that it and the tests compute them with.
namespace ltlab::test {

inline constexpr std::size_t kPyTorchClasses = 10, kSamples = 8;

inline std::uint64_t hash_of_name(const std::string& name) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const char byte : name) value = (value ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3;
  return value;
}

// Element i of the script's uniform(name).
inline double uniform(std::uint64_t name, std::uint64_t i) {
  std::uint64_t z = name + (i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

// The script's recipe(name, shape).
inline Tensor recipe(const ParameterInfo& info) {
  Tensor tensor{info.name, info.shape, AlignedVector<float>(element_count(info.shape))};
  const bool scale =
      info.name.starts_with("bn") && (info.name.ends_with(".weight") || info.name.ends_with(".running_var"));
  double start = scale ? 1 : 0, factor = scale ? 0.5 : 0.1;
  if (info.shape.size() > 1)
    factor = std::sqrt(6.0 / static_cast<double>(tensor.values.size() / info.shape.front()));
  const std::uint64_t name = hash_of_name(info.name);
  for (std::size_t i = 0; i < tensor.values.size(); ++i)
    tensor.values[i] = static_cast<float>(start + factor * uniform(name, i));
  return tensor;
}

template <class T>
Activations<T> recipe_images(const ActivationShape& shape) {
  Activations<T> images(shape);
  const std::uint64_t name = hash_of_name("images");
  for (std::size_t b = 0; b < shape.batch; ++b) {
    for (std::size_t f = 0; f < shape.features(); ++f)
      images.at(f, b) = static_cast<T>(static_cast<float>(uniform(name, b * shape.features() + f) * 1.7));
  }
  return images;
}

inline std::vector<double> read(const hdf5::Group& group, const std::string& name) {
  const hdf5::Dataset dataset = group.dataset(name);
  std::vector<double> values(dataset.size());
  dataset.read(values);
  return values;
}

inline std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string word; in >> word;) result.push_back(word);
  return result;
}

// Compares an array's norm and sampled entries with a row of the script's table.
template <class T>
void check_array(const std::string& name, const AlignedVector<T>& values, const double* row,
                 double tolerance) {
  INFO(name);
  double squares = 0;
  for (const T value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  CHECK(std::sqrt(squares) == Approx(row[0]).epsilon(tolerance));
  const double usual = row[0] / std::sqrt(static_cast<double>(values.size()));
  for (std::size_t i = 0; i < kSamples; ++i) {
    const std::size_t place = (hash_of_name(name) + i * 0x9E3779B9) % values.size();
    CHECK(static_cast<double>(values[place]) ==
          Approx(row[1 + i]).epsilon(tolerance).margin(tolerance * usual));
  }
}

inline hdf5::File fixtures() {
  return hdf5::File::open(LTLAB_TESTS "/nn/pytorch.h5");
}

}  // namespace ltlab::test
