#include "ltlab/nn/network.h"

#include <catch2/catch.hpp>
#include <optional>

#include "ltlab/base/error.h"
#include "support/small_networks.h"

using namespace ltlab;
using namespace ltlab::test;

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
    CHECK(masked.flops().survivors > usual.survivors);
    CHECK(masked.flops().survivors < usual.dense);
    CHECK(masked.flops().kernels >= masked.flops().survivors);
    CHECK(masked.flops().kernels <= usual.dense);
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
    CHECK(masked.flops().survivors == usual.survivors);
    CHECK(masked.flops().kernels == usual.kernels);
  };
  check(small_network<double>(), small_network<double>());
  check(small_convolutional_network<double>(), small_convolutional_network<double>());
}
