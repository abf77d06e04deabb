#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/store/records.h"

namespace ltlab {

/// The name of one training of a search: its replicate, its branch ("ticket", "random-reinit", "sign-only",
/// ..., "pretraining"), its trial of a control, and its level.
struct TrainingName {
  unsigned replicate = 0;
  std::string branch;
  unsigned trial = 0;
  unsigned level = 0;
};

/// The state of a training, reported at every validation.
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
  /// Called once, before any training: densities of all levels, dense first.
  virtual void on_plan(const std::vector<double>& densities) = 0;
  virtual void on_progress(const TrainingProgress& progress) = 0;
  /// Called when a training was recorded, or found recorded from an earlier session.
  virtual void on_recorded(const TrainingName& name, const LevelSummary& summary, bool now) = 0;
};

}  // namespace ltlab
