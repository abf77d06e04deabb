#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "ltlab/lottery/search.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/run_store.h"
#include "support/temporary_folder.h"

namespace ltlab::test {

/// Of a network that trains in milliseconds.
inline SearchConfig small_config() {
  SearchConfig config;
  config.data.embedded_train = 800;
  config.data.embedded_test = 200;
  config.data.validation = 200;
  config.model = "mlp:784-20-10";
  config.training.steps = 40;
  config.training.batch = 20;
  config.training.validate_every = 10;
  config.levels = 3;
  config.kernel = KernelPolicy::sparse;
  return config;
}

/// Momentum, and a learning rate that falls after the rewind point of the tests, 15.
inline SearchConfig falling_rate_config() {
  SearchConfig config = small_config();
  config.levels = 1;
  config.rewind_step = 15;
  config.training.optimizer.kind = OptimizerConfig::Kind::sgd;
  config.training.optimizer.momentum = 0.9;
  config.training.learning_rate.base = 0.1;
  config.training.learning_rate.shape = LearningRateSchedule::Shape::step;
  config.training.learning_rate.milestones = {20, 30};
  return config;
}

inline ActivationShape small_layout() {
  return input_layout(small_config().model, {1, 28, 28}, 10, small_config().training.batch);
}

inline const TrainingData& small_data() {
  static const TrainingData data(load_dataset(small_config().data), small_layout());
  return data;
}

/// The small data with every two classes taken for one.
inline const TrainingData& five_classes() {
  static const TrainingData data = [] {
    Dataset dataset = load_dataset(small_config().data);
    for (std::uint8_t& label : dataset.train.labels) label /= 2;
    for (std::uint8_t& label : dataset.test.labels) label /= 2;
    dataset.classes = 5;
    dataset.fingerprint = "five classes";
    return TrainingData(std::move(dataset), small_layout());
  }();
  return data;
}

/// Counts trainings, and stops the search in the midst of a level where one is named.
class Listener : public SearchObserver {
 public:
  void on_plan(const std::vector<double>& plan) override { densities = plan; }
  void on_progress(const TrainingProgress& progress) override {
    if (stop_at_level == progress.name.level && progress.step >= 20) stop.request_stop();
  }
  void on_recorded(const TrainingName&, const LevelSummary&, bool now) override {
    (now ? trained : found) += 1;
  }

  std::vector<double> densities;
  int trained = 0, found = 0;
  unsigned stop_at_level = 999;
  std::stop_source stop;
};

/// As the command line does, planned first.
inline void run_search(const SearchConfig& config, const TrainingData& data,
                       const std::filesystem::path& folder, unsigned workers, SearchObserver& observer,
                       const std::stop_source& stop, const TrainingData* pretraining = nullptr) {
  const PlannedSearch plan = plan_search(config, data.dataset, pretraining ? &pretraining->dataset : nullptr);
  ltlab::run_search(plan, data, folder, workers, observer, stop, pretraining);
}

inline Listener search(const SearchConfig& config, const TemporaryFolder& folder, unsigned workers = 1) {
  Listener listener;
  run_search(config, small_data(), folder.path(), workers, listener, listener.stop);
  return listener;
}

inline Tensor& find_weights(std::vector<Tensor>& weights, const std::string& name) {
  return *std::ranges::find(weights, name, &Tensor::name);
}

inline void check_same_weights(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].values == b[i].values);
}

/// What a network ends with when it is trained as the tests say, without a search.
struct RetracedTraining {
  std::vector<Mask> masks;
  std::vector<Tensor> weights, optimizer;
  TrainingConfig training;
  std::uint64_t order_level = 0, first_step = 0;
  std::string model = small_config().model;
  const TrainingData* data = &small_data();

  std::vector<Tensor> run() const {
    Network<float> network = make_network<float>(model, {1, 28, 28}, 10, training.batch);
    network.apply(masks);
    network.assign(weights);
    network.choose_kernels(KernelPolicy::sparse);
    Trainer trainer(network, *data, training, small_config().seed, order_level, first_step);
    if (!optimizer.empty()) trainer.restore_optimizer(optimizer);
    while (!trainer.finished()) trainer.advance();
    return network.tensors();
  }
};

/// Their wall-clock times may differ.
inline void check_same_levels(const RunStore& a, const RunStore& b) {
  REQUIRE(a.levels() == b.levels());
  for (const unsigned level : a.levels()) {
    const LevelRecord x = a.read_level(level), y = b.read_level(level);
    CHECK(x.test_accuracy == y.test_accuracy);
    CHECK(x.early_stop_step == y.early_stop_step);
    CHECK(x.early_stop_test_loss == y.early_stop_test_loss);
    CHECK(x.order_sha256 == y.order_sha256);
    CHECK(x.predictions == y.predictions);
    for (std::size_t i = 0; i < x.masks.size(); ++i) CHECK(x.masks[i].keep == y.masks[i].keep);
    for (std::size_t i = 0; i < x.weights.size(); ++i) CHECK(x.weights[i].values == y.weights[i].values);
  }
}

}  // namespace ltlab::test
