#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "ltlab/base/work_queue.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/replicate.h"
#include "ltlab/lottery/search_observer.h"

namespace ltlab {

/// The things that the trainings of a search share.
struct SearchSession {
  WorkQueue& queue;
  SearchObserver& observer;
  std::stop_token stop;
  std::mutex observer_mutex = {};
};

/// The search of one replicate: each level begins as soon as the level that it prunes is trained.
class ReplicateSearch {
 public:
  /// Throws as Replicate's constructor. All must outlive this; `pretraining` are the data to pretrain with.
  ReplicateSearch(const SearchConfig& config, const TrainingData& data, const TrainingData* pretraining,
                  std::filesystem::path folder, unsigned replicate, unsigned last_level,
                  SearchSession& session);

  /// Queues the first training; each training queues those that wait for it.
  void start();

 private:
  void begin();
  void queue_levels_after(std::optional<unsigned> trained);
  void search_level(unsigned level);
  void queue_controls(unsigned level);
  void train_control(Control control, unsigned trial, unsigned level, const std::vector<Mask>& masks);
  std::vector<Tensor> pretrain();

  void open_member(RunStore& store, const RunRecord& run);
  void train_or_find(const TrainingName& name, const LevelStart& start, RunStore& store,
                     const StepHook& hook = {});

  const SearchConfig& config_;
  const TrainingData* pretraining_data_;
  unsigned last_level_;
  SearchSession& session_;
  Replicate replicate_;
};

}  // namespace ltlab
