#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// These check a file by itself, beyond what reading it does. Each returns its faults, naming attribute,
/// array or row. `branch` is the run's: in an import, many figures are unknown.

/// Checks densities, weights zero where masked, all figures of a training in their ranges and as in the last
/// row of metrics or that of least validation loss, steps ascending, kernels of the level's own weights.
std::vector<std::string> faults_of(const LevelRecord& level, const std::string& branch);

/// Checks that weights are finite, and the totals in their ranges.
std::vector<std::string> faults_of(const RunRecord& run);
std::vector<std::string> faults_of(const CollectionRecord& collection);

/// Checks that all numbers are finite, masks ones and zeros, steps ascending and not beyond its own.
std::vector<std::string> faults_of(const TrainingCheckpoint& checkpoint);

/// Returns faults of `arrays`, those of `group`, without a like of name and shape in initial weights.
std::vector<std::string> unlike_initial(const std::vector<Tensor>& arrays, const std::string& group,
                                        const std::vector<Tensor>& init);

/// Throws StoreError, with the first fault and what to do, where the file has one.
void require_sound(const std::filesystem::path& file, const std::vector<std::string>& faults,
                   const std::string& advice = "restore it from a copy");

/// Returns a figure as faults print it, with six digits.
std::string figure_text(double number);

}  // namespace ltlab
