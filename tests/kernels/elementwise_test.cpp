#include "ltlab/kernels/elementwise.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "support/every_target.h"
#include "support/image_cases.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

template <class T>
void check_bias_and_activation(const ImageCase& c, Activation activation) {
  const Activations<T> sums = random_activations<T>(c.shape(), 1);
  const std::size_t channels = c.image.channels, positions = c.image.height * c.image.width;
  const AlignedVector<T> bias = random_values<T>(channels, 2);
  Activations<T> y = sums;
  add_bias_and_activate(bias.data(), activation, y);
  Activations<T> dy = random_activations<T>(c.other_shape(), 3, true);
  const Activations<T> dy_before = dy;
  if (activation == Activation::relu) rectify_gradient(y, dy);
  AlignedVector<T> gradient(channels, T(99));
  bias_gradient(dy, 1, false, gradient.data());
  bias_gradient(dy, 1, true, gradient.data());  // once more, on top
  std::vector<double> sum(channels, 0);
  for (std::size_t f = 0; f < sums.features(); ++f) {
    for (std::size_t i = 0; i < c.batch; ++i) {
      const T input = sums.at(f, i) + bias[f / positions];
      const bool passes = activation == Activation::identity || input > 0;
      REQUIRE(y.at(f, i) == (passes ? input : T(0)));
      REQUIRE(dy.at(f, i) == (passes ? dy_before.at(f, i) : T(0)));
      sum[f / positions] += dy.at(f, i);
    }
  }
  for (std::size_t k = 0; k < channels; ++k)
    CHECK(static_cast<double>(gradient[k]) == Approx(2 * sum[k]).margin(2e-4));
  CHECK(border_is_zero(y));
  CHECK(border_is_zero(dy));
  CHECK(padding_is_zero(dy));
}

}  // namespace

TEMPLATE_TEST_CASE("Bias and ReLU, and their gradient", "[kernels]", float, double) {
  on_every_target([] {
    for (const ImageCase& c : image_cases()) {
      INFO(c);
      check_bias_and_activation<TestType>(c, Activation::identity);
      check_bias_and_activation<TestType>(c, Activation::relu);
    }
  });
}

TEMPLATE_TEST_CASE("Softmax and cross-entropy agree with the formulas", "[kernels]", float, double) {
  using T = TestType;
  for (const std::size_t batch : {1, 16, 60, 100}) {
    const std::size_t classes = 10, lanes = panel_lanes(batch);
    Activations<T> logits = random_activations<T>(classes, batch, lanes, 1);
    for (std::size_t c = 0; c < classes; ++c) logits.at(c, 0) *= T(100);  // large logits must not overflow
    std::vector<std::uint8_t> labels(batch);
    for (std::size_t i = 0; i < batch; ++i) labels[i] = static_cast<std::uint8_t>(i * 3 % classes);
    Activations<T> gradient(classes, batch, lanes);
    const BatchLoss loss = softmax_cross_entropy(logits, labels, 2 * batch, &gradient);
    std::vector<std::uint8_t> predicted(batch);
    std::vector<float> probabilities(batch);
    predict_classes<T>(logits, predicted, probabilities);
    double expected = 0;
    std::size_t correct = 0;
    for (std::size_t i = 0; i < batch; ++i) {
      double largest = -1e300, sum = 0;
      std::size_t best = 0;
      for (std::size_t c = 0; c < classes; ++c) {
        if (logits.at(c, i) > largest) best = c;
        largest = std::max(largest, static_cast<double>(logits.at(c, i)));
      }
      for (std::size_t c = 0; c < classes; ++c) sum += std::exp(logits.at(c, i) - largest);
      expected += largest + std::log(sum) - logits.at(labels[i], i);
      correct += best == labels[i];
      REQUIRE(predicted[i] == best);
      REQUIRE(static_cast<double>(probabilities[i]) == Approx(1 / sum).epsilon(1e-5));
      for (std::size_t c = 0; c < classes; ++c) {
        const double p = std::exp(logits.at(c, i) - largest) / sum;
        const double g = (p - (c == labels[i] ? 1 : 0)) / static_cast<double>(2 * batch);
        REQUIRE(static_cast<double>(gradient.at(c, i)) == Approx(g).margin(1e-6));
      }
    }
    CHECK(loss.loss == Approx(expected).epsilon(1e-5));
    CHECK(loss.correct == correct);
    for (std::size_t c = 0; c < classes; ++c) {
      for (std::size_t i = batch; i < lanes * gradient.panels(); ++i) REQUIRE(gradient.at(c, i) == T(0));
    }
  }
}

TEST_CASE("A dead network, whose logits all tie, scores chance and not everything", "[kernels]") {
  const Activations<float> logits(10, 20, 32);
  std::vector<std::uint8_t> labels(20);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::uint8_t>(i % 10);
  CHECK(softmax_cross_entropy<float>(logits, labels, 20, nullptr).correct == 2);
  std::vector<float> probabilities(20);
  predict_classes<float>(logits, labels, probabilities);
  CHECK(labels == std::vector<std::uint8_t>(20, 0));
  for (const float probability : probabilities) CHECK(probability == Approx(0.1F));
}

TEST_CASE("A bias's gradient sums blocks of channels apart", "[kernels]") {
  for (const std::size_t block : {8, 16}) {
    const Activations<float> dy = random_activations<float>({{2, 3, 5}, 12 * block, 12 * block, 0}, 5);
    std::vector<float> gradient(2 * block, 99);
    bias_gradient(dy, block, false, gradient.data());
    bias_gradient(dy, block, true, gradient.data());  // once more, on top
    for (std::size_t c = 0; c < gradient.size(); ++c) {
      double sum = 0;
      for (std::size_t position = 0; position < 15; ++position)
        for (std::size_t image = 0; image < 12; ++image)
          sum += dy.at(c / block * 15 + position, image * block + c % block);
      CHECK(static_cast<double>(gradient[c]) == Approx(2 * sum).margin(2e-4));
    }
  }
}
