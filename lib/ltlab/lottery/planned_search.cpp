#include "ltlab/lottery/planned_search.h"

#include <algorithm>

#include "ltlab/config/check.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/pruning_plan.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

// Refuses a batch of one image where a layer takes a variance over images of one position. `images_end` says
// which images end in such a batch, and `choices` names the options to change.
void refuse_single_image(const std::string& model, const Dataset& dataset, const std::string& images_end,
                         const std::string& choices) {
  const Network<float> network = make_network<float>(model, dataset.train.shape, dataset.classes, 1);
  for (const Step<float>& step : network.steps()) {
    const ImageShape input = step.layer->input();
    if (!step.layer->couples_images() || input.height * input.width != 1) continue;
    throw ConfigError(images_end + " in a batch of one, in which " + step.layer->name() +
                      " finds no variance: choose another " + choices);
  }
}

void check_epochs(const SearchConfig& config, const std::string& model, const Dataset& dataset,
                  std::uint64_t steps) {
  const std::size_t images = dataset.training.size(), batch = config.training.batch;
  const bool ends_in_one = images % batch == 1 && steps >= (images + batch - 1) / batch;
  if (!ends_in_one && batch > 1) return;
  refuse_single_image(model, dataset,
                      "an epoch of " + std::to_string(images) + " training images in batches of " +
                          std::to_string(batch) + " ends",
                      "--batch, or another number of images by --validation");
}

// Refuses a batch of one as the last of an epoch or of a score's images, where batch norm would meet it. The
// config is in steps.
void check_last_batches(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining) {
  // The longest training, as far as it is known.
  std::uint64_t longest = std::max<std::uint64_t>(config.training.steps, config.steps_of(0));
  for (const std::uint64_t level : config.level_steps) longest = std::max(longest, level);
  check_epochs(config, config.model, dataset, longest);
  if (config.pretrains()) {
    check_epochs(config, pretraining_model(config.model, pretraining->classes), *pretraining,
                 config.pretraining.steps);
  }
  if (row_of(kScores, config.score).input != ScoreInput::batches || !config.from.empty()) return;
  const std::size_t seen = std::min(config.score_images, dataset.training.size());
  const std::size_t batch = std::min(config.training.batch, config.score_images);
  if (seen % batch != 1 && batch > 1) return;
  refuse_single_image(
      config.model, dataset,
      "--score-images " + std::to_string(seen) + " in batches of " + std::to_string(batch) + " end",
      "of --score-images and --batch");
}

}  // namespace

PlannedSearch plan_search(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining) {
  PlannedSearch plan;
  plan.config = in_steps(config, dataset.training.size(), pretraining ? pretraining->training.size() : 0);
  check_pretraining(plan.config, dataset, pretraining);
  check_augmentation(plan.config.training.augmentation, dataset.train.shape);
  check_last_batches(plan.config, dataset, pretraining);
  plan.densities = planned_densities(plan.config, dataset.train.shape, dataset.classes);
  return plan;
}

}  // namespace ltlab
