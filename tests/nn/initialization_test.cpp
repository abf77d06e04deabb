#include "ltlab/nn/initialization.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/base/error.h"

using namespace ltlab;

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
