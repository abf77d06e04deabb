#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ltlab/base/work_queue.h"
#include "ltlab/config/search_config.h"
#include "ltlab/lottery/controls.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/search_observer.h"

namespace ltlab {

/// What the trainings of a search share.
struct SearchSession {
  WorkQueue& queue;
  SearchObserver& observer;
  std::stop_token stop;
  std::mutex observer_mutex = {};
};

/// The search of one replicate: level by level, each as soon as the level that it prunes is trained.
class ReplicateSearch {
 public:
  /// Throws as read_same_run() where the folder holds something else than this search left.
  ReplicateSearch(const SearchConfig& config, const TrainingData& data, const TrainingData* pretraining_data,
                  std::filesystem::path folder, unsigned replicate, unsigned last_level,
                  SearchSession& session);

  /// Queues the first training; it and its like queue those that wait for them.
  void start();

 private:
  void begin();
  void queue_levels_after(std::optional<unsigned> trained);
  void search_level(unsigned level);

  void establish_initial_weights();
  void write_settings();
  std::vector<Tensor> draw_weights(const Network<float>& network) const;
  void set_initial_weights(std::vector<Tensor> weights);
  std::vector<Tensor> pretrain();

  LevelStart start_level(unsigned level) const;
  LevelStart start_fresh(unsigned level, std::vector<Mask> masks, std::uint64_t first_step = 0) const;
  TrainingConfig training_at(double step_flops, std::uint64_t first_step) const;
  double step_flops(const std::vector<Mask>& masks) const;
  MaskChanges changes_in(const TrainingConfig& training) const;
  LevelStart start_dense() const;
  LevelStart start_saved(unsigned level) const;
  LevelStart start_pruned(unsigned level, const LevelRecord& before) const;
  LevelStart start_untrained(unsigned level) const;
  LevelStart start_scheduled(unsigned level) const;
  LevelStart start_dynamic(unsigned level) const;
  LevelStart start_after_pruning(unsigned level, const std::vector<Mask>& masks,
                                 const std::vector<Tensor>& weights) const;
  void rewind(LevelStart& start) const;
  void keep_trained(const LevelRecord& before, LevelStart& start) const;

  void train_ticket(const LevelStart& start);
  void record_rewind_point(const Trainer& trainer, const Network<float>& network);
  void queue_controls(unsigned level);
  LevelStart start_control(Control control, unsigned trial, unsigned level,
                           const std::vector<Mask>& masks) const;
  std::vector<PruningRound> pruning_rounds(unsigned level) const;
  void train_control(Control control, unsigned trial, unsigned level, const std::vector<Mask>& masks);

  void open_member(RunStore& store, const RunRecord& run);
  void train_or_find(const TrainingName& name, const LevelStart& start, RunStore& store,
                     const StepHook& hook);
  StepHook report_progress(const TrainingName& name, const LevelStart& start, const StepHook& hook);
  RunRecord describe_run(const std::string& branch, unsigned trial, const Dataset& dataset) const;

  const SearchConfig& config_;
  const TrainingData& data_;
  const TrainingData* pretraining_data_;
  RunStore store_;
  unsigned replicate_;
  unsigned last_level_;
  SearchSession& session_;
  Network<float> network_;
  RunRecord run_;
  std::vector<std::vector<Mask>> saved_masks_;  // of levels 1, 2, ..., where another run brings them
};

}  // namespace ltlab
