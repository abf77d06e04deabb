#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "ltlab/lottery/search_config.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// One training of a search: which replicate, which branch ("ticket", "random-reinit", "random-mask",
/// "pretraining"), which trial of a control, which level.
struct TrainingName {
  unsigned replicate = 0;
  std::string branch;
  unsigned trial = 0;
  unsigned level = 0;
};

/// Where a training stands, told at every validation.
struct TrainingProgress {
  TrainingName name;
  double density = 1;
  std::uint64_t step = 0, steps = 0;
  double train_loss = 0, validation_accuracy = 0;
  double wall_seconds = 0;      ///< of this training so far
  double steps_per_second = 0;  ///< in this session
};

/// Follows a search. Called from several threads, one call at a time.
class SearchObserver {
 public:
  virtual ~SearchObserver() = default;
  /// Once, before any training: densities of all levels, dense first.
  virtual void on_plan(const std::vector<double>& densities) = 0;
  virtual void on_progress(const TrainingProgress& progress) = 0;
  /// A training was recorded, or found recorded from an earlier session.
  virtual void on_recorded(const TrainingName& name, const LevelSummary& summary, bool now) = 0;
};

/// The densities that a search's levels will have, dense first, by counting alone.
std::vector<double> planned_densities(const SearchConfig& config, const ImageShape& image,
                                      std::size_t classes);

/// Searches for winning tickets by iterative magnitude pruning with rewinding (Frankle & Carbin 2019, section
/// 1; rewinding to step k: Frankle et al. 2020, arXiv 1912.05671, algorithm 2), with its controls, replicates
/// side by side on `workers` threads, and keeps every level in `folder`. What is recorded already is not done
/// again, and a training that was interrupted goes on from its checkpoint, so running a search again resumes
/// it, to the same bits. `pretraining_data` are for the config's pretraining, where it has one. At the end
/// each run.h5 tells what its levels cost. Throws Interrupted when `stop` is asked to, after saving
/// checkpoints; ConfigError where the search would leave out levels, controls or replicates that are
/// recorded; NumericError, IoError, StoreError as they occur.
void run_search(const SearchConfig& config, const TrainingData& data, const std::filesystem::path& folder,
                unsigned workers, SearchObserver& observer, const std::stop_source& stop,
                const TrainingData* pretraining_data = nullptr);

/// The folder of one replicate's run: `folder` itself where there is but one.
std::filesystem::path replicate_folder(const std::filesystem::path& folder, unsigned replicates,
                                       unsigned replicate);
/// The folder of a control's run within a replicate's: "random-reinit-0".
std::filesystem::path control_folder(const std::filesystem::path& replicate, Control control, unsigned trial);

}  // namespace ltlab
