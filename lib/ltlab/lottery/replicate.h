#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/config/search_config.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/pruning_plan.h"
#include "ltlab/store/run_store.h"

namespace ltlab {

/// One replicate of a search as far as it has gone: what is recorded of it, and how its levels begin.
class Replicate {
 public:
  /// Takes up what an earlier session left in `folder`; throws as read_same_run() where that is of something
  /// else than this search. `config` is in steps; it and `data` must outlive this.
  Replicate(const SearchConfig& config, const TrainingData& data, std::filesystem::path folder,
            unsigned number);

  const SearchConfig& config() const { return config_; }
  const TrainingData& data() const { return data_; }
  unsigned number() const { return number_; }
  /// With the parameters of the search's, for images one by one.
  const Network<float>& network() const { return network_; }
  RunStore& store() { return store_; }
  /// The run of its tickets.
  const RunRecord& run() const { return run_; }
  /// A run in the replicate's folder: of its tickets, of a trial of a control, or of pretraining.
  RunRecord describe_run(const std::string& branch, unsigned trial, const std::string& model,
                         const Dataset& dataset) const;

  /// Draws the weights of step 0, or takes them from saved tickets, where nothing is recorded; with
  /// pretraining, there are none until take_pretrained(). Records the settings.
  void establish_initial_weights();
  bool awaits_pretraining() const { return run_.init_weights.empty(); }
  /// Freshly drawn weights of a network, by the replicate's seed.
  std::vector<Tensor> draw_weights(const Network<float>& network) const;
  /// The weights of step 0 are those that pretraining left.
  void take_pretrained(const std::vector<Tensor>& weights);
  /// Records the weights of the rewind step, and the optimizer's state of them.
  void record_rewind_point(const Trainer& trainer, const Network<float>& network);

  /// A level that is recorded. StoreError, too, where one of its figures or weights cannot be right.
  LevelRecord read_level(unsigned level) const;

  /// Masks that keep everything.
  std::vector<Mask> full_masks() const;
  /// The plan of a level.
  std::vector<PruningGroup> plan(unsigned level) const;
  /// The network of one level, with its initial weights, to be trained from `first_step` on.
  LevelStart start_fresh(unsigned level, std::vector<Mask> masks, std::uint64_t first_step = 0) const;
  /// Level 0, which keeps everything.
  LevelStart start_dense() const;
  /// A ticket of another run, whose weights are those of step 0 here.
  LevelStart start_saved(unsigned level) const;
  /// The network that is left of such masks and weights once they are pruned, with its initial weights, from
  /// the rewind step on.
  LevelStart start_pruned(unsigned level, const std::vector<Mask>& masks,
                          const std::vector<Tensor>& weights) const;
  /// The survivors, and the optimizer's state of them, return to where they were at the rewind step.
  void rewind(LevelStart& start) const;
  /// Has a level train for as many steps as the dense network's FLOPs allow, where one costs `step_flops` of
  /// the dense network's.
  void fit_to_budget(LevelStart& start, double step_flops) const;
  /// FLOPs of a step with such masks over those of the dense network.
  double step_flops(const std::vector<Mask>& masks) const;

 private:
  void record_settings();
  void set_initial_weights(std::vector<Tensor> weights);

  const SearchConfig& config_;
  const TrainingData& data_;
  unsigned number_;
  RunStore store_;
  Network<float> network_;
  RunRecord run_;
  std::vector<std::vector<Mask>> saved_masks_;  // of levels 1, 2, ..., where another run brings them
};

}  // namespace ltlab
