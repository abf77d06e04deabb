#include <catch2/catch.hpp>
#include <utility>

#include "ltlab/nn/network.h"
#include "support/small_networks.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

std::vector<AlignedVector<double>> gradients_of(const Network<double>& network) {
  std::vector<AlignedVector<double>> gradients;
  for (const Parameter<double>* parameter : network.parameters()) gradients.push_back(parameter->gradient);
  return gradients;
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

TEST_CASE("An empty layer still computes", "[nn]") {
  Network<double> network = small_network<double>();
  network.apply({random_mask("fc2.weight", {7, 11}, 0.0, 1)});
  check_gradients(network);
}
