#pragma once

#include <filesystem>
#include <stop_token>

#include "ltlab/lottery/planned_search.h"
#include "ltlab/lottery/search_folders.h"
#include "ltlab/lottery/search_observer.h"

namespace ltlab {

/// Searches for winning tickets by iterative magnitude pruning with rewinding (Frankle & Carbin 2019, section
/// 1; rewinding to step k: Frankle et al. 2020, arXiv 1912.05671, algorithm 2), with its controls, replicates
/// side by side on `workers` threads, and keeps every level in `folder`. Recorded work is not repeated, and
/// an interrupted training goes on from its checkpoint, so running a search again resumes it, to the same
/// bits. `pretraining_data` are for the config's pretraining, where it has one. At the end each run.h5 states
/// the cost of its levels. Throws Interrupted when `stop` is requested, after saving checkpoints; ConfigError
/// where the search would leave out levels, controls or replicates that are recorded; NumericError, IoError,
/// StoreError as they occur.
void run_search(const PlannedSearch& plan, const TrainingData& data, const std::filesystem::path& folder,
                unsigned workers, SearchObserver& observer, const std::stop_source& stop,
                const TrainingData* pretraining_data = nullptr);

}  // namespace ltlab
