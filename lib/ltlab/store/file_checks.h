#pragma once

#include <string>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// What a file tells by itself is checked here, beyond what reading it does. Each returns what is wrong,
/// naming attribute, array or row. `branch` is the run's: of an import, many figures are unknown.

/// Densities, weights zero where masked, all figures of a training in their ranges and as the last row of
/// metrics or that of least validation loss tells them, steps ascending, kernels of the level's own weights.
std::vector<std::string> faults_of(const LevelRecord& level, const std::string& branch);

/// Weights finite, and the totals in their ranges.
std::vector<std::string> faults_of(const RunRecord& run);
std::vector<std::string> faults_of(const CollectionRecord& collection);

/// All numbers finite, masks ones and zeros, steps ascending and not beyond its own.
std::vector<std::string> faults_of(const TrainingCheckpoint& checkpoint);

/// A figure as faults tell it, with six digits.
std::string figure_text(double number);

}  // namespace ltlab
