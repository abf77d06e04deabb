#pragma once

#include <cstddef>
#include <vector>

#include "ltlab/analysis/compared_run.h"

namespace ltlab {

/// Returns the accuracy by which a trial is judged: that of its tickets on the validation images after
/// training, as a mean over its pruned levels, or of its dense network where it has no other. The test images
/// have no say.
double tuning_accuracy(const RecordedRun& trial);

/// Returns the index of the trial of greatest accuracy, the first of equal ones. ConfigError without trials.
std::size_t best_trial(const std::vector<RecordedRun>& trials);

}  // namespace ltlab
