// Compares forward and backward passes of every model with PyTorch's, which make_pytorch_fixtures.py stored.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "ltlab/hdf5/file.h"
#include "ltlab/nn/built_in_models.h"
#include "ltlab/nn/models.h"

using namespace ltlab;

namespace {

constexpr std::size_t kClasses = 10, kSamples = 8;

std::uint64_t hash_of_name(const std::string& name) {
  std::uint64_t value = 0xCBF29CE484222325;
  for (const char byte : name) value = (value ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3;
  return value;
}

// Element i of the script's uniform(name).
double uniform(std::uint64_t name, std::uint64_t i) {
  std::uint64_t z = name + (i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

// The script's recipe(name, shape).
Tensor recipe(const ParameterInfo& info) {
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

std::vector<double> read(const hdf5::Group& group, const std::string& name) {
  const hdf5::Dataset dataset = group.dataset(name);
  std::vector<double> values(dataset.size());
  dataset.read(values);
  return values;
}

std::vector<std::string> words(const std::string& text) {
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

template <class T>
void check_model(const hdf5::Group& stored, double tolerance) {
  const std::string description = stored.string_attribute("description");
  INFO(description);
  const std::vector<double> image = read(stored, "image"), logits = read(stored, "logits");
  const std::size_t batch = logits.size() / kClasses;
  const ImageShape shape{static_cast<std::size_t>(image[0]), static_cast<std::size_t>(image[1]),
                         static_cast<std::size_t>(image[2])};
  Network<T> network = make_network<T>(description, shape, kClasses, batch);
  std::vector<Tensor> tensors;
  for (const Parameter<T>* array : network.arrays()) tensors.push_back(recipe(array->info()));
  network.assign(tensors);
  const Activations<T> images = recipe_images<T>(network.input());

  const Activations<T>& found = network.forward(images);
  double squares = 0, largest = 0;
  for (const double logit : logits) squares += logit * logit;
  for (std::size_t k = 0; k < logits.size(); ++k)
    largest =
        std::max(largest, std::abs(static_cast<double>(found.at(k % kClasses, k / kClasses)) - logits[k]));
  CHECK(largest < tolerance * std::sqrt(squares / static_cast<double>(logits.size())));

  std::vector<std::uint8_t> labels(batch);
  for (std::size_t i = 0; i < batch; ++i) labels[i] = static_cast<std::uint8_t>(i * 7 % kClasses);
  const double loss = network.forward_backward(images, labels).loss / static_cast<double>(batch);
  CHECK(loss == Approx(read(stored, "loss")[0]).epsilon(tolerance));
  const std::vector<std::string> names = words(stored.string_attribute("gradients_of"));
  const std::vector<double> gradients = read(stored, "gradients");
  REQUIRE(names.size() == network.parameters().size());
  for (std::size_t p = 0; p < names.size(); ++p) {
    const Parameter<T>& parameter = *network.parameters()[p];
    // The script names layers in the order in which it makes them.
    const auto row = std::ranges::find(names, parameter.info().name) - names.begin();
    REQUIRE(static_cast<std::size_t>(row) < names.size());
    check_array(parameter.info().name, parameter.gradient, &gradients[row * (1 + kSamples)], tolerance);
  }
  std::size_t row = 0;
  const std::vector<std::string> statistics = words(stored.string_attribute("statistics_of"));
  for (const std::string& name : statistics) {
    const std::vector<double> values = read(stored, "statistics");
    for (const Parameter<T>* array : network.arrays()) {
      if (array->info().name == name)
        check_array(name, array->values, &values[row++ * (1 + kSamples)], tolerance);
    }
  }
  CHECK(row == statistics.size());
}

hdf5::File fixtures() {
  return hdf5::File::open(LTLAB_TESTS "/nn/pytorch.h5");
}

// Whose ReLUs switch by the roundings of float: see the script.
bool is_large_residual_network(const hdf5::Group& stored) {
  return stored.string_attribute("description").starts_with("resnet-") && read(stored, "image")[1] == 32;
}

}  // namespace

TEST_CASE("Every model's forward and backward pass agree with PyTorch's within 1e-4", "[nn]") {
  const hdf5::File file = fixtures();
  for (const hdf5::Link& link : file.links()) {
    if (!is_large_residual_network(file.group(link.name))) check_model<float>(file.group(link.name), 1e-4);
  }
}

TEST_CASE("In double they agree to the roundings of double", "[nn]") {
  const hdf5::File file = fixtures();
  for (const hdf5::Link& link : file.links()) {
    const hdf5::Group stored = file.group(link.name);
    const std::string model = stored.string_attribute("description");
    // The largest models would take minutes by the plain loops of double.
    if (!model.starts_with("vgg-") && !model.starts_with("conv-")) check_model<double>(stored, 1e-8);
  }
}

TEST_CASE("PyTorch was asked for every built-in model", "[nn]") {
  const hdf5::File file = fixtures();
  std::vector<std::string> described;
  for (const hdf5::Link& link : file.links())
    described.push_back(file.group(link.name).string_attribute("description"));
  for (const BuiltInModel& model : built_in_models()) {
    INFO(model.name);
    CHECK(std::ranges::count(described, model.name) > 0);
  }
}
