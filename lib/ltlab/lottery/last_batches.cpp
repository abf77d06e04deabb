#include "ltlab/lottery/last_batches.h"

#include <algorithm>

#include "ltlab/base/error.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

// Returns the first layer that takes a variance over images of one position; empty where there is none.
std::string norm_of_single_positions(const std::string& model, const Dataset& dataset) {
  const Network<float> network = make_network<float>(model, dataset.train.shape, dataset.classes, 1);
  for (const Step<float>& step : network.steps()) {
    const ImageShape input = step.layer->input();
    if (step.layer->couples_images() && input.height * input.width == 1) return step.layer->name();
  }
  return "";
}

// Returns the steps of the longest training, as far as they are known.
std::uint64_t longest(const SearchConfig& config) {
  std::uint64_t steps = config.training.steps;
  for (const std::uint64_t level : config.level_steps) steps = std::max(steps, level);
  return steps;
}

void check_epochs(const SearchConfig& config, const std::string& model, const Dataset& dataset,
                  std::uint64_t steps) {
  const std::size_t images = dataset.training.size(), batch = config.training.batch;
  const bool ends_in_one = images % batch == 1 && steps >= (images + batch - 1) / batch;
  if (!ends_in_one && batch > 1) return;
  const std::string layer = norm_of_single_positions(model, dataset);
  if (layer.empty()) return;
  throw ConfigError(
      "an epoch of " + std::to_string(images) + " training images in batches of " + std::to_string(batch) +
      " ends in a batch of one, in which " + layer +
      " finds no variance: choose another --batch, or another number of images by --validation");
}

}  // namespace

void check_last_batches(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining) {
  check_epochs(config, config.model, dataset, longest(config));
  if (config.pretrains()) {
    check_epochs(config, pretraining_model(config.model, pretraining->classes), *pretraining,
                 config.pretraining.steps);
  }
  if (row_of(kScores, config.score).input != ScoreInput::batches || !config.from.empty()) return;
  const std::size_t seen = std::min(config.score_images, dataset.training.size());
  const std::size_t batch = std::min(config.training.batch, config.score_images);
  if (seen % batch != 1 && batch > 1) return;
  const std::string layer = norm_of_single_positions(config.model, dataset);
  if (layer.empty()) return;
  throw ConfigError("--score-images " + std::to_string(seen) + " in batches of " + std::to_string(batch) +
                    " end in a batch of one, in which " + layer +
                    " finds no variance: choose another of --score-images and --batch");
}

}  // namespace ltlab
