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

/// One replicate of a search as far as it has gone: its records, and how its levels begin.
class Replicate {
 public:
  /// Takes up what an earlier session left in `folder`; throws as read_earlier() where that belongs to
  /// another search. `config` is in steps; it and `data` must outlive this.
  Replicate(const SearchConfig& config, const TrainingData& data, std::filesystem::path folder,
            unsigned number);

  const SearchConfig& config() const { return config_; }
  const TrainingData& data() const { return data_; }
  unsigned number() const { return number_; }
  /// Returns a network with the parameters of the search's, for images one by one.
  const Network<float>& network() const { return network_; }
  RunStore& store() { return store_; }
  /// Returns the run of its tickets.
  const RunRecord& run() const { return run_; }
  /// Returns the seeds of its random choices.
  Seeds seeds() const { return config_.seeds_of(run_.seed); }
  /// Returns a run in the replicate's folder: of its tickets, of a trial of a control, or of pretraining.
  RunRecord describe_run(const std::string& branch, unsigned trial, const std::string& model,
                         const Dataset& dataset) const;

  /// Draws the weights of step 0, or takes them from saved tickets, where none are recorded; with
  /// pretraining, there are none until take_pretrained(). Records the settings.
  void establish_initial_weights();
  bool awaits_pretraining() const { return run_.init_weights.empty(); }
  /// Returns freshly drawn weights of a network.
  std::vector<Tensor> draw_weights(const Network<float>& network) const;
  /// Makes the weights that pretraining left those of step 0.
  void take_pretrained(const std::vector<Tensor>& weights);
  /// Records the weights of the rewind step, and the optimizer's state of them.
  void record_rewind_point(const Trainer& trainer, const Network<float>& network);

  /// Reads a recorded level. StoreError, too, where one of its figures or weights cannot be right.
  LevelRecord read_level(unsigned level) const;

  /// Returns the plan of a level.
  std::vector<PruningGroup> plan(unsigned level) const;
  /// Returns one level's network, with its initial weights, to be trained from `first_step` on.
  LevelStart start_fresh(unsigned level, std::vector<Mask> masks, std::uint64_t first_step = 0) const;
  /// Returns level 0, which keeps everything.
  LevelStart start_dense() const;
  /// Returns a ticket of another run, whose weights are those of step 0 here.
  LevelStart start_saved(unsigned level) const;
  /// Puts the survivors, and their optimizer's state, back to where they were at the rewind step.
  void rewind(LevelStart& start) const;
  /// Makes a level train for as many steps as the dense network's FLOPs allow, where one costs `step_flops`
  /// of the dense network's.
  void fit_to_budget(LevelStart& start, double step_flops) const;
  /// Returns the FLOPs of a step with such masks over those of the dense network.
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
  std::vector<std::vector<Mask>> saved_masks_;  // of levels 1, 2, ..., where another run provides them
};

}  // namespace ltlab
