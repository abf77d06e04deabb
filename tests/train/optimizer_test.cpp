#include "ltlab/train/optimizer.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "ltlab/base/error.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

constexpr std::size_t kSize = 21;  // no multiple of a vector

// Runs `steps` updates with changing gradients and rates, and the same by `reference`, which gets (weight,
// gradient, rate, step from 1) and returns the new weight, one element at a time in double precision.
using Reference =
    std::function<double(std::size_t element, double weight, double gradient, double rate, int step)>;

void check_updates(const OptimizerConfig& config, const Reference& reference) {
  Parameter<float> parameter({"w", {kSize}, 1, 1, false, false});
  parameter.values = random_values<float>(kSize, 1);
  std::vector<double> expected(parameter.values.begin(), parameter.values.end());
  const auto optimizer = make_optimizer(config, {&parameter});
  for (int step = 1; step <= 5; ++step) {
    parameter.gradient = random_values<float>(kSize, 10 + static_cast<std::uint64_t>(step));
    const double rate = 0.1 / step;
    optimizer->step(rate);
    for (std::size_t i = 0; i < kSize; ++i) {
      expected[i] = reference(i, expected[i], parameter.gradient[i], rate, step);
      REQUIRE(static_cast<double>(parameter.values[i]) == Approx(expected[i]).margin(2e-6));
    }
  }
}

OptimizerConfig sgd(double momentum, bool nesterov, double decay) {
  OptimizerConfig config;
  config.kind = OptimizerConfig::Kind::sgd;
  config.momentum = momentum;
  config.nesterov = nesterov;
  config.weight_decay = decay;
  return config;
}

}  // namespace

TEST_CASE("A hand-computed step of each optimizer", "[train]") {
  Parameter<float> w({"w", {1}, 1, 1, false, false});
  const auto one_step = [&](const OptimizerConfig& config, int steps) {
    w.values[0] = 1.0f;
    const auto optimizer = make_optimizer(config, {&w});
    for (int i = 0; i < steps; ++i) {
      w.gradient[0] = 0.5f;
      optimizer->step(0.1);
    }
    return static_cast<double>(w.values[0]);
  };
  CHECK(one_step(sgd(0, false, 0), 1) == Approx(0.95));     // 1 - 0.1 * 0.5
  CHECK(one_step(sgd(0, false, 0.2), 1) == Approx(0.93));   // 1 - 0.1 * (0.5 + 0.2)
  CHECK(one_step(sgd(0.9, false, 0), 2) == Approx(0.855));  // 0.95 - 0.1 * (0.9 * 0.5 + 0.5)
  CHECK(one_step(sgd(0.9, true, 0), 1) == Approx(0.905));   // 1 - 0.1 * (0.5 + 0.9 * 0.5)
  CHECK(one_step(OptimizerConfig{}, 1) == Approx(0.9));     // Adam's first step is rate * sign(g)
  OptimizerConfig adamw;
  adamw.kind = OptimizerConfig::Kind::adamw;
  adamw.weight_decay = 0.5;
  CHECK(one_step(adamw, 1) == Approx(0.85));  // 1 * (1 - 0.1 * 0.5) - 0.1
}

TEST_CASE("SGD follows torch.optim.SGD", "[train]") {
  for (const double momentum : {0.0, 0.9}) {
    for (const double decay : {0.0, 0.01}) {
      for (const bool nesterov : {false, true}) {
        if (nesterov && momentum == 0) continue;
        std::vector<double> velocity(kSize, 0.0);
        check_updates(sgd(momentum, nesterov, decay),
                      [&](std::size_t i, double w, double g, double rate, int) {
                        g += decay * w;
                        velocity[i] = momentum * velocity[i] + g;
                        return w - rate * (nesterov ? g + momentum * velocity[i] : velocity[i]);
                      });
      }
    }
  }
}

TEST_CASE("Adam follows Kingma & Ba 2015, algorithm 1, and AdamW Loshchilov & Hutter 2019, algorithm 2",
          "[train]") {
  for (const auto kind : {OptimizerConfig::Kind::adam, OptimizerConfig::Kind::adamw}) {
    OptimizerConfig config;
    config.kind = kind;
    config.weight_decay = 0.1;
    std::vector<double> first(kSize, 0.0), second(kSize, 0.0);
    check_updates(config, [&](std::size_t i, double w, double g, double rate, int step) {
      const bool decoupled = kind == OptimizerConfig::Kind::adamw;
      if (!decoupled) g += 0.1 * w;
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.999 * second[i] + 0.001 * g * g;
      const double m = first[i] / (1 - std::pow(0.9, step)), v = second[i] / (1 - std::pow(0.999, step));
      return w - (decoupled ? rate * 0.1 * w : 0.0) - rate * m / (std::sqrt(v) + 1e-8);
    });
  }
}

TEST_CASE("An optimizer restored from its tensors goes on bit by bit, also when weights were pruned since",
          "[train]") {
  for (const OptimizerConfig& config : {OptimizerConfig{}, sgd(0.9, true, 0.01)}) {
    Parameter<float> a({"w", {kSize}, 1, 1, true, false}), b = a;
    a.values = random_values<float>(kSize, 1);
    const auto before = make_optimizer(config, {&a});
    for (std::uint64_t step = 0; step < 3; ++step) {
      a.gradient = random_values<float>(kSize, step);
      before->step(0.01);
    }
    const std::vector<Tensor> state = before->tensors();
    b.assign(a.dense());
    Mask mask = full_mask("w", {kSize});
    mask.keep[3] = mask.keep[8] = 0;
    b.apply(mask);
    const auto after = make_optimizer(config, {&b});
    after->restore(state);
    a.gradient = random_values<float>(kSize, 9);
    b.compress({"g", {kSize}, a.gradient}, b.gradient);
    before->step(0.01);
    after->step(0.01);
    const Tensor whole = a.dense(), pruned = b.dense();
    for (std::size_t i = 0; i < kSize; ++i)
      CHECK(pruned.values[i] == (mask.keep[i] ? whole.values[i] : 0.0f));
    CHECK(b.size() == kSize - 2);
  }
}

TEST_CASE("Optimizers refuse what makes no sense", "[train]") {
  Parameter<float> w({"w", {1}, 1, 1, false, false});
  CHECK_THROWS_AS(make_optimizer(sgd(0, true, 0), {&w}), ConfigError);
  CHECK_THROWS_AS(optimizer_names().parse("adagrad"), ConfigError);
  const auto adam = make_optimizer(OptimizerConfig{}, {&w});
  CHECK_THROWS_AS(adam->restore({}), ConfigError);
}
