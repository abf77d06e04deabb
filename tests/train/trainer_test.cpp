#include "ltlab/train/trainer.h"

#include <catch2/catch.hpp>
#include <limits>

#include "ltlab/base/error.h"
#include "ltlab/nn/models.h"
#include "support/test_data.h"

using namespace ltlab;

namespace {

const TrainingData& small_data() {
  DatasetOptions options;
  options.embedded_train = 200;
  options.embedded_test = options.validation = 50;
  static const TrainingData data(load_dataset(options), input_layout("mlp:784-6-10", {1, 28, 28}, 10, 20));
  return data;
}

Network<float> small_network() {
  return make_network<float>("mlp:784-6-10", {1, 28, 28}, 10, 20);
}

std::vector<Tensor> with_values(std::vector<Tensor> tensors, float value) {
  for (Tensor& tensor : tensors) std::ranges::fill(tensor.values, value);
  return tensors;
}

}  // namespace

TEST_CASE("A trainer that goes on from a state reaches the same bits, and validates nothing again",
          "[train]") {
  TrainingConfig config;
  config.steps = 12;
  config.batch = 20;
  config.validate_every = 5;
  Network<float> network = small_network();
  std::vector<Tensor> weights = network.tensors();
  for (Tensor& tensor : weights) tensor = test::random_tensor(tensor.name, tensor.shape, tensor.shape.size());
  network.assign(weights);
  Trainer whole(network, small_data(), config, 1, 0, 0);
  while (whole.step() < 7) whole.advance();
  const TrainerState state = whole.state();
  while (!whole.finished()) whole.advance();

  // Weights that no validation would pass: those of the state take their place unseen.
  Network<float> other = small_network();
  other.assign(with_values(other.tensors(), std::numeric_limits<float>::quiet_NaN()));
  CHECK_THROWS_AS(Trainer(other, small_data(), config, 1, 0, 0), NumericError);
  Trainer resumed(other, small_data(), config, 1, 0, state, 3.5);
  CHECK(resumed.step() == 7);
  CHECK(resumed.metrics().size() == 2);  // steps 0 and 5
  CHECK(resumed.wall_seconds() >= 3.5);
  while (!resumed.finished()) resumed.advance();
  CHECK(resumed.early_stop_step() == whole.early_stop_step());
  for (std::size_t i = 0; i < weights.size(); ++i)
    CHECK(other.tensors()[i].values == network.tensors()[i].values);
}
