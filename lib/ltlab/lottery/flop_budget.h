#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/config/search_config.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// FLOPs of a training step with these masks over those of the dense network, by the weights that survive:
/// what sparse kernels do. `masks` are all that the network of `model` has.
double relative_step_flops(const std::string& model, const ImageShape& image, std::size_t classes,
                           const std::vector<Mask>& masks);

/// Likewise, the mean over a gradually pruned training of `steps` steps, whose last masks have `last`. Each
/// layer must lose its weights along the course, so not under the global scope.
double mean_step_flops(GradualCourse course, const MaskChanges& changes, std::uint64_t steps, double last);

/// The steps until which a network trains from `first_step` on, so that it costs as much as `steps` of the
/// dense network: first_step + (steps - first_step) / step_flops, where a step costs `step_flops` of the
/// dense network's.
std::uint64_t steps_of_budget(std::uint64_t steps, std::uint64_t first_step, double step_flops);

/// A training from `first_step` to `steps` in place of `training`, which ends at its own: from `first_step`
/// on the learning rates, and the steps between validations, are drawn out alike, or pressed together. What
/// is rewound to `first_step` so goes on at the rate that it was trained with there.
TrainingConfig stretched(TrainingConfig training, std::uint64_t first_step, std::uint64_t steps);

}  // namespace ltlab
