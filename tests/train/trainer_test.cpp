#include "ltlab/train/trainer.h"

#include <catch2/catch.hpp>
#include <limits>

#include "ltlab/base/error.h"
#include "ltlab/nn/initialization.h"
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

TEST_CASE("A trainer takes new masks with the optimizer's state of the weights that stay", "[train]") {
  TrainingConfig config;
  config.steps = 12;
  config.batch = 20;
  config.validate_every = 4;
  Network<float> network = small_network();
  std::vector<Tensor> weights = network.tensors();
  for (Tensor& tensor : weights) tensor = test::random_tensor(tensor.name, tensor.shape, tensor.shape.size());
  network.assign(weights);
  const Mask mask = test::random_mask("fc1.weight", {6, 784}, 0.4, 1),
             other = test::random_mask("fc1.weight", {6, 784}, 0.4, 2);
  network.apply({mask});
  Trainer trainer(network, small_data(), config, 1, 0, 0);
  while (trainer.step() < 5) trainer.advance();
  const std::vector<Tensor> state = trainer.optimizer().tensors(), trained = network.tensors();
  trainer.update();
  CHECK(trainer.step() == 6);
  CHECK(network.tensors()[0].values != trained[0].values);
  network.assign(trained);
  trainer.restore_optimizer(state);
  trainer.apply({other});
  CHECK(trainer.mask_step() == 6);
  const Tensor first = *find_named(state, "first/fc1.weight"),
               moved = *find_named(trainer.optimizer().tensors(), "first/fc1.weight");
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const bool stays = mask.keep[i] && other.keep[i];
    CHECK(moved.values[i] == (stays ? first.values[i] : 0.0f));
    CHECK(network.tensors()[0].values[i] == (stays ? trained[0].values[i] : 0.0f));
  }
  CHECK(find_named(trainer.optimizer().tensors(), "steps")->values == find_named(state, "steps")->values);
  trainer.validate_if_due();  // at step 6 none is
  CHECK(trainer.metrics().back().step == 4);
  while (!trainer.finished()) trainer.advance();
  CHECK(trainer.early_stop_step() >= 8);  // of the networks that have the new mask
}

TEST_CASE("A step that only brings gradients leaves the weights, and counts", "[train]") {
  TrainingConfig config;
  config.steps = 12;
  config.batch = 20;
  Network<float> network = small_network(), same = small_network();
  const std::vector<Tensor> before = network.tensors();
  Trainer trainer(network, small_data(), config, 1, 0, 0), updating(same, small_data(), config, 1, 0, 0);
  const std::vector<Tensor> gradients = trainer.dense_gradients();
  updating.update();  // of the same batch
  CHECK(trainer.step() == 1);
  CHECK(gradients[0].values == same.parameters()[0]->gradient);
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(network.tensors()[i].values == before[i].values);
}

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

TEST_CASE("Running statistics and dropout go on to the same bits, and the early stop has its own statistics",
          "[train]") {
  const char* model = "linear 8; batch-norm relu; dropout 0.3; linear classes";
  TrainingConfig config;
  config.steps = 12;
  config.batch = 20;
  config.validate_every = 4;
  config.learning_rate.base = 0.05;  // so that the first validation is not the best
  const auto make = [&] { return make_network<float>(model, {1, 28, 28}, 10, 20); };
  Network<float> network = make();
  std::vector<Tensor> weights;
  for (const Parameter<float>* array : network.arrays())
    weights.push_back(draw_initial(array->info(), Initialization::kaiming_normal, 1, "init", 0, 0));
  network.assign(weights);
  Trainer whole(network, small_data(), config, 1, 0, 0);
  while (whole.step() < 7) whole.advance();
  const TrainerState state = whole.state();
  for (const char* name : {"weights/bn1.running_mean", "best/bn1.running_var"})
    CHECK(find_named(state.tensors, name) != nullptr);
  CHECK(find_named(state.tensors, "optimizer/first/bn1.weight") != nullptr);
  CHECK(find_named(state.tensors, "optimizer/first/bn1.running_mean") == nullptr);
  while (!whole.finished()) whole.advance();

  Network<float> other = make();
  Trainer resumed(other, small_data(), config, 1, 0, state, 0);
  while (!resumed.finished()) resumed.advance();
  for (std::size_t i = 0; i < weights.size(); ++i)
    CHECK(other.tensors()[i].values == network.tensors()[i].values);
  CHECK(network.tensors()[4].name == "bn1.running_mean");
  CHECK(network.tensors()[4].values != weights[4].values);

  // The early stop's network, made anew from what was kept of it, and the present one afterwards.
  const Evaluation early = whole.test_early_stop(), last = whole.test();
  const TrainerState end = whole.state();
  std::vector<Tensor> best;
  for (const Tensor& tensor : end.tensors) {
    if (!tensor.name.starts_with("best/")) continue;
    best.push_back(tensor);
    best.back().name.erase(0, 5);
  }
  other.assign(best);
  CHECK(evaluate(other, small_data().test).loss == early.loss);
  CHECK(evaluate(network, small_data().test).loss == last.loss);
}
