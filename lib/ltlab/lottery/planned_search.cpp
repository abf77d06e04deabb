#include "ltlab/lottery/planned_search.h"

#include "ltlab/config/check.h"
#include "ltlab/lottery/last_batches.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/pruning_plan.h"

namespace ltlab {

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
