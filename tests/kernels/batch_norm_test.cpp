#include "ltlab/kernels/batch_norm.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <type_traits>
#include <vector>

#include "ltlab/base/error.h"
#include "support/every_target.h"
#include "support/image_cases.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

template <class T>
constexpr double kTolerance = std::is_same_v<T, float> ? 2e-5 : 1e-10;

// A layer of batch normalization for tests: what it learns, tracks, and keeps of a batch.
template <class T>
struct Layer {
  AlignedVector<T> gamma, beta, running_mean, running_variance, mean, inverse_deviation;
  Activation activation;

  Layer(std::size_t channels, Activation f)
      : gamma(random_values<T>(channels, 11)),
        beta(random_values<T>(channels, 12)),
        running_mean(random_values<T>(channels, 13)),
        running_variance(channels, T(2)),
        mean(channels),
        inverse_deviation(channels),
        activation(f) {}

  BatchNorm<T> norm() {
    return {.gamma = gamma.data(),
            .beta = beta.data(),
            .running_mean = running_mean.data(),
            .running_variance = running_variance.data(),
            .activation = activation};
  }
  BatchStatistics<T> batch() { return {mean.data(), inverse_deviation.data()}; }
};

// Each channel has a mean and a deviation of its own; padding lanes hold large values.
template <class T>
Activations<T> inputs(const ActivationShape& shape) {
  Activations<T> x = random_activations<T>(shape, 1);
  const std::size_t positions = shape.image.height * shape.image.width;
  for (std::size_t f = 0; f < x.features(); ++f) {
    const T channel = static_cast<T>(f / positions);
    for (std::size_t i = 0; i < x.panels() * x.lanes(); ++i)
      x.at(f, i) = i < x.batch() ? x.at(f, i) * (channel + T(1)) - 2 * channel : T(1e6);
  }
  return x;
}

// Calls body(feature, image) for all values of one channel.
template <class T, class Body>
void for_each_value(const Activations<T>& x, std::size_t channel, const Body& body) {
  const std::size_t positions = x.image().height * x.image().width;
  for (std::size_t f = channel * positions; f < (channel + 1) * positions; ++f) {
    for (std::size_t i = 0; i < x.batch(); ++i) body(f, i);
  }
}

struct Moments {
  double count = 0, mean = 0, variance = 0;
};

template <class T>
Moments moments(const Activations<T>& x, std::size_t channel) {
  Moments m;
  for_each_value(x, channel, [&](std::size_t f, std::size_t i) {
    m.count += 1;
    m.mean += static_cast<double>(x.at(f, i));
  });
  m.mean /= m.count;
  for_each_value(x, channel, [&](std::size_t f, std::size_t i) {
    m.variance += std::pow(static_cast<double>(x.at(f, i)) - m.mean, 2);
  });
  m.variance /= m.count;
  return m;
}

// Compares y with f(gamma (x - mean) / sqrt(variance + epsilon) + beta).
template <class T>
void check_outputs(Layer<T>& layer, std::size_t channel, double mean, double variance,
                   const Activations<T>& x, const Activations<T>& y) {
  double worst = 0;
  for_each_value(x, channel, [&](std::size_t f, std::size_t i) {
    const double xhat = (static_cast<double>(x.at(f, i)) - mean) / std::sqrt(variance + 1e-5);
    double expected =
        static_cast<double>(layer.gamma[channel]) * xhat + static_cast<double>(layer.beta[channel]);
    if (layer.activation == Activation::relu) expected = std::max(expected, 0.0);
    worst = std::max(worst, std::abs(static_cast<double>(y.at(f, i)) - expected));
  });
  CHECK(worst < kTolerance<T>);
}

template <class T>
void check_forward(const ImageCase& c, Activation activation) {
  Layer<T> layer(c.image.channels, activation);
  const Layer<T> before = layer;
  const Activations<T> x = inputs<T>(c.shape());
  Activations<T> y(c.other_shape());
  batch_norm_training(layer.norm(), x, layer.batch(), y);
  CHECK(border_is_zero(y));
  for (std::size_t k = 0; k < c.image.channels; ++k) {
    const Moments m = moments(x, k);
    check_outputs(layer, k, m.mean, m.variance, x, y);
    CHECK(layer.mean[k] == Approx(m.mean).margin(kTolerance<T>));
    CHECK(layer.inverse_deviation[k] == Approx(1 / std::sqrt(m.variance + 1e-5)).epsilon(kTolerance<T>));
    CHECK(layer.running_mean[k] == Approx(0.9 * before.running_mean[k] + 0.1 * m.mean).margin(kTolerance<T>));
    const double unbiased = m.variance * m.count / (m.count - 1);
    CHECK(layer.running_variance[k] == Approx(0.9 * 2 + 0.1 * unbiased).epsilon(kTolerance<T>));
  }
  batch_norm_evaluation(layer.norm(), x, y);
  CHECK(border_is_zero(y));
  for (std::size_t k = 0; k < c.image.channels; ++k)
    check_outputs(layer, k, layer.running_mean[k], layer.running_variance[k], x, y);
}

template <class T>
void check_gradient(const ImageCase& c, Activation activation) {
  Layer<T> layer(c.image.channels, activation);
  const Activations<T> x = inputs<T>(c.shape());
  Activations<T> y(c.other_shape()), dx(c.shape());
  batch_norm_training(layer.norm(), x, layer.batch(), y);
  const Activations<T> dy = random_activations<T>(c.other_shape(), 2, true);
  fill_interior(dx, T(99));
  AlignedVector<T> gamma_gradient(c.image.channels, T(99)), beta_gradient(c.image.channels, T(99));
  batch_norm_gradient(layer.norm(), layer.batch(), x, dy, dx, gamma_gradient.data(), beta_gradient.data());
  CHECK(border_is_zero(dx));
  CHECK(padding_is_zero(dx));
  for (std::size_t k = 0; k < c.image.channels; ++k) {
    const Moments m = moments(x, k);
    const double inverse = 1 / std::sqrt(m.variance + 1e-5);
    const auto g = [&](std::size_t f, std::size_t i) {
      return activation == Activation::relu && !(y.at(f, i) > 0) ? 0.0 : static_cast<double>(dy.at(f, i));
    };
    const auto xhat = [&](std::size_t f, std::size_t i) {
      return (static_cast<double>(x.at(f, i)) - m.mean) * inverse;
    };
    double sum = 0, sum_xhat = 0, worst = 0;
    for_each_value(x, k, [&](std::size_t f, std::size_t i) {
      sum += g(f, i);
      sum_xhat += g(f, i) * xhat(f, i);
    });
    CHECK(gamma_gradient[k] == Approx(sum_xhat).margin(10 * kTolerance<T>));
    CHECK(beta_gradient[k] == Approx(sum).margin(10 * kTolerance<T>));
    for_each_value(x, k, [&](std::size_t f, std::size_t i) {
      const double expected = static_cast<double>(layer.gamma[k]) * inverse *
                              (g(f, i) - sum / m.count - xhat(f, i) * sum_xhat / m.count);
      worst = std::max(worst, std::abs(static_cast<double>(dx.at(f, i)) - expected));
    });
    CHECK(worst < kTolerance<T>);
  }
  Activations<T> in_place = dy;
  batch_norm_gradient(layer.norm(), layer.batch(), x, in_place, in_place, gamma_gradient.data(),
                      beta_gradient.data());
  CHECK(worst_error(in_place, [&](std::size_t f, std::size_t i) { return dx.at(f, i); }) == 0);
}

std::vector<ImageCase> cases_with_variance() {
  std::vector<ImageCase> cases = image_cases();
  std::erase_if(cases, [](const ImageCase& c) { return c.batch * c.image.height * c.image.width == 1; });
  return cases;
}

}  // namespace

TEMPLATE_TEST_CASE("Batch normalization agrees with its formulas on every instruction set", "[kernels]",
                   float, double) {
  on_every_target([] {
    for (const ImageCase& c : cases_with_variance()) {
      INFO(c);
      for (const Activation activation : {Activation::identity, Activation::relu}) {
        check_forward<TestType>(c, activation);
        check_gradient<TestType>(c, activation);
      }
    }
  });
}

TEST_CASE("Gradients of batch normalization agree with difference quotients", "[kernels]") {
  const ImageCase c = GENERATE(ImageCase{{3, 7, 5}, 20, 16, 1, 2}, ImageCase{{4, 1, 1}, 20, 64, 0, 0});
  const Activation activation = GENERATE(Activation::identity, Activation::relu);
  Layer<double> layer(c.image.channels, activation);
  Activations<double> x = inputs<double>(c.shape()), y(c.other_shape()), dx(c.shape());
  const Activations<double> dy = random_activations<double>(c.other_shape(), 2, true);
  std::vector<double> gamma_gradient(c.image.channels), beta_gradient(c.image.channels);
  const auto loss = [&] {
    batch_norm_training(layer.norm(), x, layer.batch(), y);
    return inner_product(y, dy);
  };
  loss();
  batch_norm_gradient(layer.norm(), layer.batch(), x, dy, dx, gamma_gradient.data(), beta_gradient.data());
  CHECK(worst_gradient_error(x, dx, loss) < 1e-6);
  for (std::size_t k = 0; k < c.image.channels; ++k) {
    CHECK(difference_quotient(layer.gamma[k], loss) == Approx(gamma_gradient[k]).margin(1e-6));
    CHECK(difference_quotient(layer.beta[k], loss) == Approx(beta_gradient[k]).margin(1e-6));
  }
}

TEST_CASE("A large batch far from zero keeps its variance in float", "[kernels]") {
  Activations<float> x = random_activations<float>({{1, 32, 32}, 128, 16, 1}, 1), y(x.shape());
  for (std::size_t f = 0; f < x.features(); ++f) {
    for (std::size_t i = 0; i < x.batch(); ++i) x.at(f, i) += 1000.0f;
  }
  Layer<float> layer(1, Activation::identity);
  batch_norm_training(layer.norm(), x, layer.batch(), y);
  const Moments m = moments(x, 0);
  CHECK(layer.mean[0] == Approx(m.mean).epsilon(1e-7));
  CHECK(layer.inverse_deviation[0] == Approx(1 / std::sqrt(m.variance + 1e-5)).epsilon(1e-6));
}

TEST_CASE("A single value has no variance to normalize by", "[kernels]") {
  Layer<float> layer(3, Activation::identity);
  const Activations<float> x(3, 1, 16);
  Activations<float> y(3, 1, 16);
  CHECK_THROWS_AS(batch_norm_training(layer.norm(), x, layer.batch(), y), ConfigError);
}
