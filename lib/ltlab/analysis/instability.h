#pragma once

#include <filesystem>
#include <stop_token>

#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// Copies of a level that differ in SGD noise alone.
inline constexpr unsigned kCopies = 2;

/// The folder of a run's copy, a run of its own within it: "copy-0", "copy-1".
std::filesystem::path copy_folder(const std::filesystem::path& run, unsigned copy);

/// Trains copy `copy` of a level of a run (a ticket or a control), for instability analysis (Frankle et al.
/// 2020, arXiv 1912.05671, section 2): its masks, weights and optimizer state as that level started, of level
/// 0 as at the rewind step, but images in an order (and augmentation, and dropout) of its own, named by the
/// run's seed, the level and the copy. Recorded in copy_folder() as level `level`; what is recorded already
/// is not trained again, and what was interrupted goes on from its checkpoint, to the same bits.
///
/// `config` is the run's; its data are `data`. ConfigError where retraining did not rewind weights: such a
/// level has no start apart from the level before; StoreError where the run does not hold the level, or
/// was made with other data; else as run_search().
LevelSummary train_copy(const RunStore& run, unsigned level, unsigned copy, const SearchConfig& config,
                        const TrainingData& data, const std::stop_token& stop);

}  // namespace ltlab
