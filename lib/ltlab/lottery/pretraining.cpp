#include "ltlab/lottery/pretraining.h"

#include <algorithm>

#include "ltlab/base/error.h"
#include "ltlab/nn/models.h"

namespace ltlab {

std::filesystem::path pretraining_folder(const std::filesystem::path& replicate) {
  return replicate / std::filesystem::path(kPretrainedWeights).parent_path();
}

void check_pretraining(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining) {
  if (!config.pretrains()) return;
  if (!pretraining) throw ConfigError("--pretrain needs the data to pretrain with");
  if (pretraining->train.shape == dataset.train.shape) return;
  throw ConfigError(
      "--pretrain-data: images of " + pretraining->name + " are " + to_string(pretraining->train.shape) +
      ", those of " + dataset.name + " are " + to_string(dataset.train.shape) +
      " (channels x height x width): the same layers do not fit both; choose data of the same extents");
}

std::string pretraining_model(const std::string& model, std::size_t classes) {
  if (!model.starts_with("mlp:")) return model;
  return model.substr(0, model.rfind('-') + 1) + std::to_string(classes);
}

std::vector<Tensor> adapted(const std::vector<Tensor>& pretrained, std::vector<Tensor> drawn) {
  for (Tensor& tensor : drawn) {
    const Tensor* found = find_named(pretrained, tensor.name);
    if (found && found->shape == tensor.shape) tensor.values = found->values;
  }
  return drawn;
}

Pretraining plan_pretraining(const Replicate& replicate, const TrainingData& data) {
  const SearchConfig& config = replicate.config();
  const Dataset& dataset = data.dataset;
  const std::string model = pretraining_model(config.model, dataset.classes);
  const Network<float> network = make_network<float>(model, dataset.train.shape, dataset.classes, 1);
  RunRecord run = replicate.describe_run("pretraining", 0, model, dataset);
  run.rewind_step = 0;
  run.init_weights = replicate.draw_weights(network);
  LevelStart start{data, model, config.training, config.kernel, 0, full_masks(network), run.init_weights};
  start.training.steps = config.pretraining.steps;
  std::uint64_t& fall = start.training.learning_rate.total_steps;
  fall = std::max<std::uint64_t>(fall, start.training.steps);
  start.order_seed = replicate.seeds().order;
  start.record_predictions = config.predictions == RecordedPredictions::all;
  start.order_level = kPretrainingOrder;
  return {std::move(run), std::move(start)};
}

}  // namespace ltlab
