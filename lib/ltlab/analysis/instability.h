#pragma once

#include <filesystem>
#include <stop_token>

#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// The number of copies of a level, which differ in SGD noise alone.
inline constexpr unsigned kCopies = 2;

/// Returns the folder of a run's copy, which is a run of its own within it: "copy-0", "copy-1".
std::filesystem::path copy_folder(const std::filesystem::path& run, unsigned copy);

/// Trains copy `copy` of a run's level (a ticket's or control's), for instability analysis (Frankle et al.
/// 2020, arXiv 1912.05671, section 2). It starts with the level's masks, weights and optimizer state (level
/// 0's as at the rewind step), but its order of images (and augmentation, and dropout) is its own, named by
/// the run's seed, the level and the copy. Recorded in copy_folder() as level `level`: a recorded copy is not
/// trained again, and an interrupted one goes on from its checkpoint, to the same bits.
///
/// `config` and `data` are the run's. ConfigError where retraining did not rewind weights: such a level has
/// no start apart from the level before; StoreError where the run does not hold the level, or was made with
/// other data; else as run_search().
LevelSummary train_copy(const RunStore& run, unsigned level, unsigned copy, const SearchConfig& config,
                        const TrainingData& data, const std::stop_token& stop);

}  // namespace ltlab
