#pragma once

#include <filesystem>
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

/// Which of `arrays`, those of `group`, have no like of their name and shape among a run's initial weights.
std::vector<std::string> unlike_initial(const std::vector<Tensor>& arrays, const std::string& group,
                                        const std::vector<Tensor>& init);

/// StoreError, with the first fault and what to do, where the file has one.
void require_sound(const std::filesystem::path& file, const std::vector<std::string>& faults,
                   const std::string& advice = "restore it from a copy");

/// A figure as faults tell it, with six digits.
std::string figure_text(double number);

}  // namespace ltlab
