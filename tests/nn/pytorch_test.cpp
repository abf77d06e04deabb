// Compares forward and backward passes of every model with PyTorch's, which make_pytorch_fixtures.py stored.
#include "ltlab/base/checked.h"
#include "ltlab/nn/models.h"
#include "support/pytorch_fixtures.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// Within `tolerance`; gradients within `gradient_tolerance`.
template <class T>
void check_model(const hdf5::Group& stored, double tolerance, double gradient_tolerance) {
  const std::string description = stored.string_attribute("description");
  INFO(description);
  const std::vector<double> image = read(stored, "image"), logits = read(stored, "logits");
  const std::size_t batch = logits.size() / kPyTorchClasses;
  const ImageShape shape{static_cast<std::size_t>(image[0]), static_cast<std::size_t>(image[1]),
                         static_cast<std::size_t>(image[2])};
  Network<T> network = make_network<T>(description, shape, kPyTorchClasses, batch);
  std::vector<Tensor> tensors;
  for (const Parameter<T>* array : network.arrays()) tensors.push_back(recipe(array->info()));
  network.assign(tensors);
  const Activations<T> images = recipe_images<T>(network.input());

  const Activations<T>& found = network.forward(images);
  double squares = 0, largest = 0;
  for (const double logit : logits) squares += logit * logit;
  for (std::size_t k = 0; k < logits.size(); ++k)
    largest = std::max(
        largest,
        std::abs(static_cast<double>(found.at(k % kPyTorchClasses, k / kPyTorchClasses)) - logits[k]));
  CHECK(largest < tolerance * std::sqrt(squares / static_cast<double>(logits.size())));

  std::vector<std::uint8_t> labels(batch);
  for (std::size_t i = 0; i < batch; ++i) labels[i] = static_cast<std::uint8_t>(i * 7 % kPyTorchClasses);
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
    check_array(parameter.info().name, parameter.gradient, &gradients[row * (1 + kSamples)],
                gradient_tolerance);
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

// Whose ReLUs switch by the roundings of float, on one processor or another: see the script.
bool has_many_rectifiers(const hdf5::Group& stored) {
  const std::string model = stored.string_attribute("description");
  return model.starts_with("vgg-") || (model.starts_with("resnet-") && read(stored, "image")[1] == 32);
}

}  // namespace

TEST_CASE("Every model's forward and backward pass agree with PyTorch's within 1e-4", "[nn]") {
  const hdf5::File file = fixtures();
  for (const hdf5::Link& link : file.links()) {
    const hdf5::Group stored = file.group(link.name);
    check_model<float>(stored, 1e-4, has_many_rectifiers(stored) ? 0.1 : 1e-4);
  }
}

TEST_CASE("In double they agree to the roundings of double", "[nn]") {
  const hdf5::File file = fixtures();
  for (const hdf5::Link& link : file.links()) {
    const hdf5::Group stored = file.group(link.name);
    const std::string model = stored.string_attribute("description");
    // These would take minutes by the plain loops of double, and float settles them.
    if (model.starts_with("conv-")) continue;
    if (kChecked && has_many_rectifiers(stored)) continue;  // as would these
    check_model<double>(stored, 1e-8, 1e-8);
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
