#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/config/search_config.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// Returns the FLOPs of a training step with these masks relative to the dense network's, by the weights that
/// survive (Flops::survivors). `masks` are all those of the network of `model`.
double relative_step_flops(const std::string& model, const ImageShape& image, std::size_t classes,
                           const std::vector<Mask>& masks);

/// Returns the same ratio's mean over a gradually pruned training of `steps` steps, whose last masks have
/// `last`. Each layer must lose its weights along the course, so this excludes the global scope.
double mean_step_flops(GradualCourse course, const MaskChanges& changes, std::uint64_t steps, double last);

/// Returns the step until which a network trains from `first_step` on, so that it costs as much as `steps` of
/// the dense network: first_step + (steps - first_step) / step_flops, where one of its steps costs
/// `step_flops` of the dense network's.
std::uint64_t steps_of_budget(std::uint64_t steps, std::uint64_t first_step, double step_flops);

/// Returns a training from `first_step` to `steps` in place of `training`, which ends at its own: from
/// `first_step` on, the learning rates and the steps between validations are stretched or compressed alike. A
/// network rewound to `first_step` thus goes on at the rate that it was trained with there.
TrainingConfig stretched(TrainingConfig training, std::uint64_t first_step, std::uint64_t steps);

}  // namespace ltlab
