#include "ltlab/lottery/pretraining.h"

#include "ltlab/base/error.h"

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

}  // namespace ltlab
