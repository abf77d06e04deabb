#include "ltlab/nn/models.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

using namespace ltlab;

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
