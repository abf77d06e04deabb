#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/nn/convolution.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/linear.h"
#include "ltlab/nn/max_pooling.h"
#include "ltlab/nn/models.h"
#include "support/plain_convolution.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

constexpr std::size_t kBatch = 21;

std::vector<std::uint8_t> labels(std::size_t classes) {
  std::vector<std::uint8_t> result(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) result[i] = static_cast<std::uint8_t>(i * 7 % classes);
  return result;
}

template <class T>
Network<T> small_network() {
  Network<T> network = make_network<T>("mlp:13-11-7-5", {13, 1, 1}, 5, kBatch);
  std::vector<Tensor> tensors = network.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    tensors[i] = random_tensor(tensors[i].name, tensors[i].shape, i);
  network.assign(tensors);
  return network;
}

std::vector<Mask> masks_for(const Network<double>& network, double density) {
  std::vector<Mask> masks;
  for (const auto* parameter : network.parameters()) {
    if (parameter->info().prunable)
      masks.push_back(random_mask(parameter->info().name, parameter->info().shape, density, masks.size()));
  }
  return masks;
}

// Convolutions of stride 1 and 2, pooling, and a linear layer on what is left of the image.
template <class T>
Network<T> small_convolutional_network() {
  std::vector<std::unique_ptr<Layer<T>>> layers;
  layers.push_back(std::make_unique<Convolution<T>>("conv1", ConvolutionShape{{2, 9, 8}, 3, 3, 3, 1, 1},
                                                    Activation::relu));
  layers.push_back(std::make_unique<MaxPooling<T>>("pool1", layers.back()->output(), Pooling{2, 2, 2},
                                                   Activation::identity));
  layers.push_back(std::make_unique<Convolution<T>>(
      "conv2", ConvolutionShape{layers.back()->output(), 4, 3, 3, 2, 1}, Activation::relu));
  layers.push_back(
      std::make_unique<Linear<T>>("fc1", layers.back()->output(), 5, Activation::identity, true));
  Network<T> network(std::move(layers), kBatch);
  std::vector<Tensor> tensors = network.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    tensors[i] = random_tensor(tensors[i].name, tensors[i].shape, i);
  network.assign(tensors);
  return network;
}

std::vector<AlignedVector<double>> gradients_of(const Network<double>& network) {
  std::vector<AlignedVector<double>> gradients;
  for (const Parameter<double>* parameter : network.parameters()) gradients.push_back(parameter->gradient);
  return gradients;
}

// A network of the model's text on small images, with random weights.
template <class T>
Network<T> described_network(const std::string& model) {
  Network<T> network = make_network<T>(model, {2, 9, 8}, 5, kBatch);
  std::vector<Tensor> tensors;
  for (const Parameter<T>* array : network.arrays()) {
    Tensor tensor = random_tensor(array->info().name, array->info().shape, tensors.size());
    const double scale = 1 / std::sqrt(static_cast<double>(array->info().fan_in));
    for (float& value : tensor.values) value = array->info().start + static_cast<float>(scale) * value;
    tensors.push_back(tensor);
  }
  network.assign(tensors);
  return network;
}

// Compares gradients, every `stride`-th of each parameter, with a central difference of the mean loss in
// training.
void check_gradients(Network<double>& network, std::size_t stride = 1) {
  const Activations<double> images = random_activations<double>(network.input(), 9);
  const std::vector<std::uint8_t> targets = labels(5);
  const TrainingStep training{1, 2, 3};
  const auto loss = [&] {
    const std::vector<AlignedVector<double>> gradients = gradients_of(network);
    const double result = network.forward_backward(images, targets, training).loss / kBatch;
    for (std::size_t p = 0; p < gradients.size(); ++p) network.parameters()[p]->gradient = gradients[p];
    return result;
  };
  network.forward_backward(images, targets, training);
  for (Parameter<double>* parameter : network.parameters()) {
    for (std::size_t i = 0; i < parameter->size(); i += stride) {
      const double kept = parameter->values[i], step = 1e-6;
      parameter->values[i] = kept + step;
      const double above = loss();
      parameter->values[i] = kept - step;
      const double below = loss();
      parameter->values[i] = kept;
      INFO(parameter->info().name << '[' << i << ']');
      REQUIRE(parameter->gradient[i] == Approx((above - below) / (2 * step)).margin(2e-8).epsilon(1e-6));
    }
  }
}

}  // namespace

TEST_CASE("Gradients agree with finite differences, dense", "[nn]") {
  Network<double> network = small_network<double>();
  check_gradients(network);
}

TEST_CASE("Gradients agree with finite differences, masked, by either kernel", "[nn]") {
  for (const KernelPolicy policy : {KernelPolicy::dense, KernelPolicy::sparse}) {
    for (const double density : {0.6, 0.2, 0.05}) {
      Network<double> network = small_network<double>();
      network.apply(masks_for(network, density));
      network.choose_kernels(policy);
      check_gradients(network);
    }
  }
}

TEST_CASE("Gradients of convolutions and pooling agree with finite differences", "[nn]") {
  Network<double> dense = small_convolutional_network<double>();
  check_gradients(dense);
  for (const KernelPolicy policy : {KernelPolicy::dense, KernelPolicy::sparse}) {
    for (const double density : {0.6, 0.2}) {
      Network<double> network = small_convolutional_network<double>();
      network.apply(masks_for(network, density));
      network.choose_kernels(policy);
      check_gradients(network);
    }
  }
}

TEST_CASE("Gradients of every layer agree with finite differences in a network, shortcuts included", "[nn]") {
  for (const char* model :
       {"conv 3 relu; average-pool 2x2; dropout 0.3; linear 6 relu; dropout 0.5; linear classes",
        "conv 4; batch-norm relu; max-pool 3x3 stride 2; conv 3; batch-norm; global-average-pool; linear "
        "classes",
        "linear 9 relu; batch-norm; linear classes",
        "batch-norm; conv 3 relu; average-pool 3x3 stride 1; linear classes",
        // Blocks that keep the shape, that change it, that nest, and one around the images.
        "conv 3; batch-norm relu; residual; conv 3; batch-norm relu; conv 3; batch-norm; end relu; linear "
        "classes",
        "conv 3 relu; residual; conv 5 stride 2; batch-norm relu; conv 5; batch-norm; end relu; linear "
        "classes",
        "conv 3; residual; residual; conv 3; end relu; conv 4 relu; conv 4; end; linear classes",
        "residual; conv 3 5x5; end relu; residual; conv 3 1x1; end; residual; average-pool 1x1; end; "
        "linear classes"}) {
    INFO(model);
    Network<double> network = described_network<double>(model);
    check_gradients(network, 7);
  }
}

TEST_CASE("A frozen network trains as it evaluates, and its gradients agree with finite differences",
          "[nn]") {
  for (const char* model :
       {"conv 4; batch-norm relu; dropout 0.5; conv 3; batch-norm; linear classes",
        "conv 3; batch-norm relu; residual; conv 3; batch-norm; end relu; linear classes"}) {
    INFO(model);
    Network<double> network = described_network<double>(model);
    const Activations<double> images = random_activations<double>(network.input(), 9);
    network.forward_backward(images, labels(5));  // so that the running statistics are some
    network.freeze();
    const std::vector<Tensor> before = network.tensors();
    const double loss = network.forward_backward(images, labels(5)).loss;
    CHECK(loss == softmax_cross_entropy<double>(network.forward(images), labels(5), kBatch, nullptr).loss);
    check_gradients(network, 7);
    for (std::size_t i = 0; i < before.size(); ++i) CHECK(network.tensors()[i].values == before[i].values);
  }
}

TEST_CASE("Any function of the logits has gradients", "[nn]") {
  Network<double> network = small_convolutional_network<double>();
  const Activations<double> images = random_activations<double>(network.input(), 9);
  // Each logit times a number of its own.
  const auto factor = [](std::size_t image, std::size_t f) {
    return 1.0 + static_cast<double>(image * 5 + f);
  };
  const auto value = [&] {
    const Activations<double>& logits = network.forward(images);
    double sum = 0;
    for (std::size_t i = 0; i < kBatch; ++i) {
      for (std::size_t f = 0; f < 5; ++f) sum += factor(i, f) * logits.at(f, i);
    }
    return sum;
  };
  network.forward_backward(images, [&](std::size_t first, const auto& logits, auto& gradient) {
    for (std::size_t i = 0; i < gradient.panels() * gradient.lanes(); ++i) {
      for (std::size_t f = 0; f < 5; ++f) gradient.at(f, i) = i < logits.batch() ? factor(first + i, f) : 0;
    }
  });
  const std::vector<AlignedVector<double>> gradients = gradients_of(network);
  for (std::size_t p = 0; p < gradients.size(); ++p) {
    double& weight = network.parameters()[p]->values[0];
    const double kept = std::exchange(weight, weight + 1e-6), above = value();
    weight = kept - 1e-6;
    const double below = value();
    weight = kept;
    CHECK(gradients[p][0] == Approx((above - below) / 2e-6).epsilon(1e-6));
  }
}

TEST_CASE("Steps whose gradients would overwrite each other, or do not fit a shortcut, are refused", "[nn]") {
  const auto steps = [](Activation activation, std::size_t input, std::optional<std::size_t> shortcut) {
    std::vector<std::unique_ptr<Layer<float>>> layers;
    for (const char* name : {"fc1", "fc2", "fc3"})
      layers.push_back(std::make_unique<Linear<float>>(name, ImageShape{4, 1, 1}, 4, activation, false));
    std::vector<Step<float>> result = chain(std::move(layers));
    result[2].input = input;
    result[2].shortcut = shortcut;
    return result;
  };
  CHECK_NOTHROW(Network<float>(steps(Activation::identity, 2, 1), 4));
  CHECK_THROWS_AS(Network<float>(steps(Activation::identity, 1, {}), 4), ConfigError);
  CHECK_THROWS_AS(Network<float>(steps(Activation::relu, 2, 1), 4), ConfigError);
}

TEST_CASE("A masked residual network's gradients agree with finite differences, by either kernel", "[nn]") {
  for (const KernelPolicy policy : {KernelPolicy::dense, KernelPolicy::sparse}) {
    Network<double> network = described_network<double>(
        "conv 3; batch-norm relu; residual; conv 5 stride 2; batch-norm relu; conv 5; batch-norm; end relu; "
        "residual; conv 5; batch-norm relu; conv 5; batch-norm; end relu; global-average-pool; linear "
        "classes");
    network.apply(masks_for(network, 0.4));
    network.choose_kernels(policy);
    check_gradients(network, 3);
  }
}

TEST_CASE("Batch norm sees the whole batch in training, its running statistics in evaluation", "[nn]") {
  Network<double> network = described_network<double>("batch-norm; linear classes");
  CHECK(network.part() == kBatch);
  const Activations<double> images = random_activations<double>(network.input(), 9);
  Parameter<double>&mean = *network.arrays()[2], &variance = *network.arrays()[3];
  CHECK(mean.info().name == "bn1.running_mean");
  CHECK(variance.info().name == "bn1.running_var");
  CHECK(network.parameters().size() == 4);
  CHECK_FALSE(network.parameters()[0]->info().prunable);
  const double before = mean.values[0];
  network.forward(images);
  CHECK(mean.values[0] == before);
  double sum = 0, squares = 0;
  const std::size_t plane = 9 * 8, n = kBatch * plane;
  for (std::size_t f = 0; f < plane; ++f) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      sum += images.at(f, i);
      squares += images.at(f, i) * images.at(f, i);
    }
  }
  const double batch_mean = sum / n, expected = 0.9 * before + 0.1 * batch_mean;
  const double expected_variance =
      0.9 * variance.values[0] + 0.1 * (squares / n - batch_mean * batch_mean) * n / (n - 1);
  const double first_logit = network.forward(images).at(0, 0);
  network.forward_backward(images, labels(5));
  CHECK(mean.values[0] == Approx(expected));
  CHECK(variance.values[0] == Approx(expected_variance));
  CHECK(network.forward(images).at(0, 0) != first_logit);
}

TEST_CASE("Dropout is named by seed, level, step, layer and image, and does nothing in evaluation", "[nn]") {
  const char* model = "conv 3 relu; dropout 0.5; conv 3 relu; dropout 0.5; linear classes";
  Network<float> a = described_network<float>(model), b = described_network<float>(model);
  const Activations<float> images = random_activations<float>(a.input(), 9);
  const auto loss = [&](Network<float>& network, const TrainingStep& step) {
    return network.forward_backward(images, std::vector<std::uint8_t>(kBatch, 1), step).loss;
  };
  const double first = loss(a, {1, 2, 3});
  CHECK(loss(a, {1, 2, 4}) != first);
  CHECK(loss(a, {1, 3, 3}) != first);
  CHECK(loss(a, {2, 2, 3}) != first);
  CHECK(loss(b, {1, 2, 3}) == first);
  Network<float> plain = described_network<float>("conv 3 relu; conv 3 relu; linear classes");
  const Activations<float>& with = a.forward(images);
  const Activations<float>& expected = plain.forward(images);
  for (std::size_t i = 0; i < kBatch; ++i) CHECK(with.at(0, i) == expected.at(0, i));
}

TEST_CASE("An image of another part of the batch loses other values to dropout", "[nn]") {
  Network<float> network = described_network<float>("conv 3 relu; dropout 0.5; linear classes");
  REQUIRE(network.part() == 16);
  const Activations<float> image = random_activations<float>(network.input(), 9);
  // One image, the others black, which lose nothing: at the same lane of two parts.
  const auto loss_of = [&](std::size_t place) {
    Activations<float> images(network.input());
    for (std::size_t f = 0; f < images.features(); ++f) images.at(f, place) = image.at(f, 0);
    return network.forward_backward(images, std::vector<std::uint8_t>(kBatch, 1), {1, 2, 3}).loss;
  };
  CHECK(loss_of(0) != loss_of(16));
}

TEST_CASE("A masked convolutional network computes alike by either kernel", "[nn]") {
  Network<float> dense = small_convolutional_network<float>(), sparse = small_convolutional_network<float>();
  const Activations<float> images = random_activations<float>(dense.input(), 9);
  const std::vector<Mask> masks = masks_for(small_convolutional_network<double>(), 0.3);
  dense.apply(masks);
  sparse.apply(masks);
  dense.choose_kernels(KernelPolicy::dense);
  sparse.choose_kernels(KernelPolicy::sparse);
  dense.forward_backward(images, labels(5));
  sparse.forward_backward(images, labels(5));
  for (std::size_t p = 0; p < dense.parameters().size(); ++p) {
    const Parameter<float>&a = *dense.parameters()[p], &b = *sparse.parameters()[p];
    for (std::size_t i = 0; i < a.size(); ++i)
      REQUIRE(a.gradient[i] == Approx(b.gradient[i]).margin(1e-4).epsilon(1e-4));
  }
}

TEST_CASE("Dense convolutions hand on blocks of channels, and compute what single channels give", "[nn]") {
  const std::string model =
      "conv 16 relu; max-pool 2x2; conv 32 relu; conv 16 relu; average-pool 2x2; linear classes";
  Network<float> blocks = described_network<float>(model);
  Network<double> channels = described_network<double>(model);
  const Activations<double> images = random_activations<double>(channels.input(), 9);
  Activations<float> single(blocks.input());
  std::copy_n(images.data(), images.size(), single.data());
  const auto compare = [&] {
    const BatchLoss loss = blocks.forward_backward(single, labels(5)),
                    expected = channels.forward_backward(images, labels(5));
    REQUIRE(loss.loss == Approx(expected.loss).epsilon(1e-5));
    for (std::size_t p = 0; p < blocks.parameters().size(); ++p) {
      const Parameter<float>& a = *blocks.parameters()[p];
      const Parameter<double>& b = *channels.parameters()[p];
      for (std::size_t i = 0; i < a.size(); ++i)
        REQUIRE(static_cast<double>(a.gradient[i]) == Approx(b.gradient[i]).margin(1e-6).epsilon(1e-4));
    }
  };
  compare();
  const std::vector<Mask> masks = masks_for(channels, 0.5);
  blocks.apply(masks);
  channels.apply(masks);
  for (const char* policy : {"dense", "sparse", "dense,conv2=sparse", "sparse,conv2=dense"}) {
    INFO(policy);
    blocks.choose_kernels(parse_kernel_policies(policy));
    compare();
  }
}

TEST_CASE("A masked network computes what the dense one computes with zeros in its weights", "[nn]") {
  Network<double> masked = small_network<double>(), zeroed = small_network<double>();
  const std::vector<Mask> masks = masks_for(masked, 0.3);
  masked.apply(masks);
  zeroed.assign(masked.tensors());
  for (const KernelPolicy policy : {KernelPolicy::dense, KernelPolicy::sparse}) {
    masked.choose_kernels(policy);
    const Activations<double> images = random_activations<double>(13, kBatch, masked.lanes(), 9);
    const auto& a = masked.forward(images);
    const auto& b = zeroed.forward(images);
    for (std::size_t c = 0; c < 5; ++c) {
      for (std::size_t i = 0; i < kBatch; ++i) REQUIRE(a.at(c, i) == Approx(b.at(c, i)).margin(1e-12));
    }
  }
}

TEST_CASE("Pruned weights have no value, no gradient, and read as zero", "[nn]") {
  Network<float> network = small_network<float>();
  Parameter<float>& weight = *network.parameters()[0];
  const Tensor before = weight.dense();
  const Mask mask = random_mask("fc1.weight", {11, 13}, 0.3, 1);
  network.apply({mask});
  CHECK(weight.size() == mask.survivors());
  CHECK(weight.gradient.size() == mask.survivors());
  const Tensor after = weight.dense();
  for (std::size_t i = 0; i < mask.size(); ++i)
    CHECK(after.values[i] == (mask.keep[i] ? before.values[i] : 0.0f));
  CHECK_THROWS_AS(network.apply({full_mask("fc1.weight", {13, 11})}), ConfigError);
}

TEST_CASE("Pruned weights that a later mask keeps come back as zero", "[nn]") {
  Network<float> network = small_network<float>();
  Parameter<float>& weight = *network.parameters()[0];
  const Tensor before = weight.dense();
  const Mask mask = random_mask("fc1.weight", {11, 13}, 0.3, 1),
             other = random_mask("fc1.weight", {11, 13}, 0.5, 2);
  network.apply({mask});
  network.apply({other});
  CHECK(weight.size() == other.survivors());
  for (std::size_t i = 0; i < mask.size(); ++i)
    CHECK(weight.dense().values[i] == (mask.keep[i] && other.keep[i] ? before.values[i] : 0.0f));
  network.apply({full_mask("fc1.weight", {11, 13})});
  CHECK_FALSE(weight.masked());
  CHECK(weight.size() == weight.dense_size());
  for (const KernelChoice& choice : network.choose_kernels(KernelPolicy::sparse))
    CHECK(choice.kernel == Kernel::dense);
}

TEST_CASE("Dense gradients are those of the whole network with zeros in its weights, at their cost", "[nn]") {
  const auto check = [](Network<double> masked, Network<double> whole) {
    masked.apply(masks_for(masked, 0.3));
    masked.choose_kernels(GENERATE(KernelPolicy::sparse, KernelPolicy::dense));
    whole.assign(masked.tensors());
    const auto x = random_activations<double>(masked.input(), 3, true);
    const std::vector<std::uint8_t> targets = labels(5);
    const Flops usual = masked.flops();
    masked.keep_dense_gradients(true);
    CHECK(masked.flops().done >= usual.done);
    CHECK(masked.flops().done <= usual.dense);
    const double loss = masked.forward_backward(x, targets).loss;
    CHECK(loss == Approx(whole.forward_backward(x, targets).loss));
    const std::vector<Tensor> gradients = masked.dense_gradients();
    REQUIRE(gradients.size() == masks_for(whole, 1).size());
    for (const Tensor& gradient : gradients) {
      const auto parameter = std::ranges::find_if(
          whole.parameters(), [&](const Parameter<double>* p) { return p->info().name == gradient.name; });
      REQUIRE(gradient.shape == (*parameter)->info().shape);
      for (std::size_t i = 0; i < gradient.values.size(); ++i)
        CHECK(gradient.values[i] == Approx((*parameter)->gradient[i]).margin(1e-6));
    }
    masked.keep_dense_gradients(false);
    CHECK(masked.flops().done == usual.done);
  };
  check(small_network<double>(), small_network<double>());
  check(small_convolutional_network<double>(), small_convolutional_network<double>());
}

TEST_CASE("An empty layer still computes", "[nn]") {
  Network<double> network = small_network<double>();
  network.apply({random_mask("fc2.weight", {7, 11}, 0.0, 1)});
  check_gradients(network);
}

TEST_CASE("Kernel choices are made for masked layers, counted, and can be replayed", "[nn]") {
  Network<float> network = small_network<float>();
  for (const KernelChoice& choice : network.choose_kernels(KernelPolicy::sparse))
    CHECK(choice.kernel == Kernel::dense);
  const double dense_flops =
      2.0 * (3 * (11 * 7 + 7 * 5) + 2 * 13 * 11);  // the first layer has no backward-data
  CHECK(network.flops().done == dense_flops);
  const Mask mask = random_mask("fc1.weight", {11, 13}, 0.3, 1);
  network.apply({mask});
  std::vector<KernelChoice> choices = network.choose_kernels(KernelPolicy::automatic);
  CHECK(choices.size() == 8);
  CHECK(choices[0].parameter == "fc1.weight");
  CHECK(choices[0].dense_seconds > 0);
  CHECK(choices[0].sparse_seconds > 0);
  for (KernelChoice& choice : choices)
    choice.kernel = choice.parameter == "fc1.weight" ? Kernel::sparse : Kernel::dense;
  network.set_kernels(choices);
  CHECK(network.flops().done == dense_flops - 2.0 * 2 * static_cast<double>(11 * 13 - mask.survivors()));
  CHECK(network.flops().dense == dense_flops);
}

TEST_CASE("A layer's kernels follow its own policy, the others' the common one", "[nn]") {
  Network<float> network = small_network<float>();
  network.apply({random_mask("fc1.weight", {11, 13}, 0.3, 1), random_mask("fc2.weight", {7, 11}, 0.3, 2),
                 random_mask("fc3.weight", {5, 7}, 0.3, 3)});
  for (const KernelChoice& choice : network.choose_kernels(parse_kernel_policies("sparse,fc2=dense"))) {
    CHECK(choice.kernel == (choice.parameter == "fc2.weight" ? Kernel::dense : Kernel::sparse));
    CHECK(choice.dense_seconds == 0);
  }
  for (const KernelChoice& choice : network.choose_kernels(parse_kernel_policies("sparse,fc3=auto")))
    CHECK((choice.dense_seconds > 0) == (choice.parameter == "fc3.weight"));
}

TEST_CASE("Kernel policies are read from text, and written in one form", "[nn]") {
  CHECK(to_text(parse_kernel_policies("auto")) == "auto");
  CHECK(to_text(parse_kernel_policies("fc3=dense,fc1=auto,sparse")) == "sparse,fc1=auto,fc3=dense");
  CHECK(to_text(parse_kernel_policies("fc3=dense")) == "auto,fc3=dense");
  CHECK(to_text(parse_kernel_policies("dense,fc3=dense")) == "dense");
  CHECK_FALSE(parse_kernel_policies("dense,fc3=sparse").measures());
  CHECK(parse_kernel_policies("dense,fc3=auto").measures());
  CHECK_THROWS_WITH(parse_kernel_policies("sparse,fc3=dens"), Catch::Contains("did you mean 'dense'"));
  CHECK_THROWS_WITH(parse_kernel_policies("sparse,dense"), Catch::Contains("not named"));
  CHECK_THROWS_WITH(parse_kernel_policies("fc1=sparse,fc1=dense"), Catch::Contains("layer 'fc1'"));
  CHECK_THROWS_AS(parse_kernel_policies(""), ConfigError);
  CHECK_THROWS_AS(parse_kernel_policies("sparse,,fc1=dense"), ConfigError);
}

TEST_CASE("Models are described by name or widths, and must fit the data", "[nn]") {
  const Network<float> lenet = make_network<float>("lenet-300-100", {1, 28, 28}, 10, 60);
  std::size_t parameters = 0;
  for (const auto* parameter : lenet.parameters()) parameters += parameter->size();
  CHECK(parameters == 266610);  // 784 x 300 + 300 x 100 + 100 x 10 weights and 410 biases
  CHECK(lenet.parameters().front()->info().name == "fc1.weight");
  CHECK(lenet.parameters().front()->info().shape == Shape{300, 784});
  CHECK_FALSE(lenet.parameters().front()->info().output_layer);
  CHECK(lenet.parameters().back()->info().output_layer);
  for (const char* wrong :
       {"lenet", "mlp:", "mlp:784", "mlp:784-10-", "mlp:784--10", "mlp:784-x-10", "mlp:784-0-10"}) {
    CHECK_THROWS_AS(make_network<float>(wrong, {1, 28, 28}, 10, 60), ConfigError);
  }
  CHECK_THROWS_WITH(make_network<float>("lenet-300-100", {3, 32, 32}, 10, 60), Catch::Contains("mlp:3072-"));
}

TEST_CASE("Conv-2, Conv-4 and Conv-6 have the layers of the paper's figure 2", "[nn]") {
  const auto parameters_of = [](const char* model) {
    const Network<float> network = make_network<float>(model, {3, 32, 32}, 10, 16);
    std::size_t count = 0;
    for (const auto* parameter : network.parameters()) count += parameter->size();
    return count;
  };
  CHECK(parameters_of("conv-2") == 4'301'642);
  CHECK(parameters_of("conv-4") == 2'425'930);
  CHECK(parameters_of("conv-6") == 2'262'602);
  CHECK(layer_names("conv-4") ==
        std::vector<std::string>{"conv1", "conv2", "conv3", "conv4", "fc1", "fc2", "fc3"});
}

TEST_CASE("Initializations have the published spread", "[nn]") {
  const ParameterInfo info{"fc1.weight", {300, 784}, 784, 300, true, false};
  const auto deviation = [&](const char* name) {
    const Tensor tensor = draw_initial(info, initialization_names().parse(name), 1, "init", 0, 0);
    double sum = 0, squares = 0, largest = 0;
    for (const float value : tensor.values) {
      sum += value;
      squares += static_cast<double>(value) * value;
      largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    const auto n = static_cast<double>(tensor.values.size());
    CHECK(sum / n == Approx(0).margin(1e-3));
    return std::pair(std::sqrt(squares / n), largest);
  };
  const double glorot = std::sqrt(2.0 / 1084), kaiming = std::sqrt(2.0 / 784);
  CHECK(deviation("glorot-normal").first == Approx(glorot).epsilon(0.01));
  CHECK(deviation("glorot-normal-truncated").first == Approx(glorot).epsilon(0.01));
  CHECK(deviation("glorot-normal-truncated").second <= 2 * glorot / 0.8796);
  CHECK(deviation("glorot-uniform").first == Approx(glorot).epsilon(0.01));
  CHECK(deviation("glorot-uniform").second <= std::sqrt(6.0 / 1084));
  CHECK(deviation("kaiming-normal").first == Approx(kaiming).epsilon(0.01));
  CHECK(deviation("kaiming-uniform").first == Approx(kaiming).epsilon(0.01));
  CHECK_THROWS_AS(initialization_names().parse("xavier"), ConfigError);
  const Tensor bias = draw_initial({"fc1.bias", {300}, 784, 300, false, false}, Initialization::glorot_normal,
                                   1, "init", 0, 0);
  for (const float value : bias.values) CHECK(value == 0.0f);
}
