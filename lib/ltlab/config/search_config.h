#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/config/controls.h"
#include "ltlab/config/pruning_times.h"
#include "ltlab/data/dataset.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/kernel_choice.h"
#include "ltlab/prune/pruning.h"
#include "ltlab/prune/scores.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// How the survivors of a pruning are trained again, from the rewind step on (Renda et al. 2020, arXiv
/// 2003.02389, section 2).
enum class Retraining {
  weight_rewinding,         ///< weights, optimizer state and schedule return to the rewind step
  learning_rate_rewinding,  ///< the schedule returns to it; weights and optimizer state stay as trained
  fine_tuning,              ///< all stay, at the schedule's last learning rate, for as many steps
  none                      ///< no retraining: a level is what pruning leaves
};

/// weights | learning-rate | fine-tune | none
inline const NameTable<Retraining>& retraining_names() {
  using enum Retraining;
  static const NameTable<Retraining> table("retraining technique",
                                           {{weight_rewinding, "weights"},
                                            {learning_rate_rewinding, "learning-rate"},
                                            {fine_tuning, "fine-tune"},
                                            {none, "none"}});
  return table;
}

/// Which images a retraining sees at each step, and how augmented.
enum class RetrainingOrder {
  fresh,    ///< its own order; every level has one
  original  ///< the dense network's
};

/// new | original
inline const NameTable<RetrainingOrder>& retraining_order_names() {
  using enum RetrainingOrder;
  static const NameTable<RetrainingOrder> table("data order", {{fresh, "new"}, {original, "original"}});
  return table;
}

/// A first phase of training that provides the weights of step 0, with a fresh optimizer and the search's
/// settings, schedule included; cosine falls over the longer of both trainings.
struct PretrainingConfig {
  StepCount steps = 0;         ///< 0: none, the weights of step 0 are as drawn
  std::string source;          ///< of the data; empty: those of the search
  bool random_labels = false;  ///< as in DatasetOptions
};

/// How the pruned fraction grows while a network is pruned during training.
enum class GradualCourse { cubic, linear };

/// cubic | linear
inline const NameTable<GradualCourse>& gradual_course_names() {
  using enum GradualCourse;
  static const NameTable<GradualCourse> table("course of gradual pruning",
                                              {{cubic, "cubic"}, {linear, "linear"}});
  return table;
}

/// How Early-Bird tells that a mask has settled: EarlyBird.
enum class Settling {
  queue,       ///< the newest mask is near all those of the four checks before, as in its authors' code
  consecutive  ///< each mask of five checks in a row is near that of the check before, as in their paper
};

/// queue | consecutive
inline const NameTable<Settling>& settling_names() {
  using enum Settling;
  static const NameTable<Settling> table("settling", {{queue, "queue"}, {consecutive, "consecutive"}});
  return table;
}

/// The survivors that SET drops: Set.
enum class SetDrops {
  by_sign,   ///< of the positive and of the negative ones the fraction closest to zero (Mocanu et al. 2018)
  magnitude  ///< of all the fraction of least magnitude (the SET of Evci et al. 2020)
};

/// by-sign | magnitude
inline const NameTable<SetDrops>& set_drops_names() {
  using enum SetDrops;
  static const NameTable<SetDrops> table("way to drop weights",
                                         {{by_sign, "by-sign"}, {magnitude, "magnitude"}});
  return table;
}

/// The quantity that is equal for every training of a search.
enum class Budget {
  steps,  ///< the number of steps
  flops   ///< FLOPs, those of the dense network's training, so that sparser ones take more steps:
          ///< flop_budget.h
};

/// steps | flops
inline const NameTable<Budget>& budget_names() {
  using enum Budget;
  static const NameTable<Budget> table("budget", {{steps, "steps"}, {flops, "flops"}});
  return table;
}

/// When masks change while a network trains, in steps: every `every` from `begin` on until `end`.
struct MaskChanges {
  std::uint64_t begin = 0, end = 0, every = 1;
};

/// The test and validation images of which each level records its predictions.
enum class RecordedPredictions { all, none };

/// all | none
inline const NameTable<RecordedPredictions>& recorded_predictions_names() {
  using enum RecordedPredictions;
  static const NameTable<RecordedPredictions> table("predictions", {{all, "all"}, {none, "none"}});
  return table;
}

/// The seeds of one replicate: each names random choices of its own kind.
struct Seeds {
  std::uint64_t init = 0;   ///< weights of step 0, and those of reinitialized networks
  std::uint64_t order = 0;  ///< the images' order and augmentation, and what dropout drops
  std::uint64_t mask = 0;   ///< random masks, scores and growth, images that scores see, permuted weights
};

/// A search for winning tickets, with everything that decides its results.
struct SearchConfig {
  DatasetOptions data;
  std::string model = "lenet-300-100";
  Initialization initialization = Initialization::glorot_normal_truncated;
  PretrainingConfig pretraining;
  TrainingConfig training;
  Budget budget = Budget::steps;
  std::optional<StepCount> dense_steps;  ///< for level 0, which is then stretched(); default training.steps
  std::vector<StepCount> level_steps;  ///< for levels 1, 2, ..., which are then stretched(); the last is also
                                       ///< for all later levels; empty: training.steps

  double rate = 0.2;                       ///< fraction of a layer's survivors pruned a round
  std::optional<double> convolution_rate;  ///< of convolutions; default rate
  std::optional<double> output_rate;       ///< of the output layer; default rate / 2
  std::vector<double> densities;  ///< of levels 1, 2, ..., falling; empty: decided by rates, levels and
                                  ///< target_density
  PruningTime prune = PruningTime::after_training;
  GradualCourse gradual_course = GradualCourse::cubic;
  std::optional<StepCount> prune_begin, prune_end;  ///< of changes in training; defaults: mask_changes()
  StepCount prune_every = 100;
  double mask_distance = 0.1;                 ///< for early_bird: masks below it are near
  Settling settling = Settling::queue;        ///< for early_bird
  double drop_fraction = 0.3;                 ///< for set and rigl: of a layer's survivors; rigl's first
  SetDrops set_drops = SetDrops::by_sign;     ///< for set
  std::map<std::string, double> layer_rates;  ///< of layers by name; 0 keeps one whole in every scope
  std::size_t min_survivors = 0;  ///< weights that every prunable layer keeps, or all if it has fewer
  PruningScope scope = PruningScope::layerwise;
  Granularity granularity;
  Score score = Score::magnitude;
  WrongSign wrong_sign = WrongSign::zero;  ///< for scores that keep one sign
  std::size_t score_images = 100;          ///< training images that a score of the network sees
  std::string from;  ///< a run or level whose tickets are trained here; empty: search for some
  StepCount rewind_step = 0;
  Retraining retraining = Retraining::weight_rewinding;
  RetrainingOrder retraining_order = RetrainingOrder::fresh;
  std::optional<unsigned> levels = 10;  ///< pruned levels, after the dense level 0; none: no limit
  double target_density = 0;            ///< stop at the first level at or below it, if that comes sooner

  std::vector<Control> controls;
  unsigned trials = 1;  ///< of each control, at each level
  unsigned replicates = 1;
  std::uint64_t seed = 0;                                         ///< replicate r has seed + r
  std::optional<std::uint64_t> init_seed, order_seed, mask_seed;  ///< of Seeds, alike for all replicates;
                                                                  ///< none: each has its own
  RecordedPredictions predictions = RecordedPredictions::all;
  KernelPolicies kernel = KernelPolicy::automatic;

  /// Whether masks change while a level trains.
  bool moves_masks() const { return pruned_weights() == PrunedWeights::in_training || trains_sparse(); }
  /// Whether each level trains sparsely from the beginning, by masks that move.
  bool trains_sparse() const { return pruned_weights() == PrunedWeights::none; }
  PrunedWeights pruned_weights() const { return row_of(kPruningTimes, prune).prunes; }
  /// Returns the level whose weights after training are pruned for `level`; none if no level's are.
  std::optional<unsigned> pruned_level(unsigned level) const;
  /// Returns the level that must be trained before `level` can begin: the one that it prunes, or level 0,
  /// which leaves the weights of the rewind step. None where the initial weights suffice.
  std::optional<unsigned> level_before(unsigned level) const;
  /// Returns the step until which a level trains, where no budget of FLOPs decides it.
  std::uint64_t steps_of(unsigned level) const;
  bool pretrains() const { return !pretraining.steps.none(); }
  /// Whether any data are the embedded ones.
  bool draws_embedded() const {
    return data.source == "embedded" || (pretrains() && pretraining.source == "embedded");
  }
  double rate_of_output_layer() const { return output_rate.value_or(rate / 2); }
  /// Returns one layer's rate, by its name. The neurons of the output layer are classes, and stay.
  double rate_of(const std::string& layer, const Shape& weights, bool output_layer) const;
  /// Whether rates decide the levels' densities; otherwise densities do, a pattern, or another run.
  bool has_rates() const {
    return densities.empty() && granularity.kind != Granularity::Kind::pattern && from.empty();
  }
  /// Whether layers have rates of their own that differ.
  bool has_layer_rates() const {
    return has_rates() && (scope == PruningScope::layerwise || scope == PruningScope::global);
  }
  /// Returns the seeds of the replicate whose own one is `own`.
  Seeds seeds_of(std::uint64_t own) const {
    return {init_seed.value_or(own), order_seed.value_or(own), mask_seed.value_or(own)};
  }
  /// Returns a control's trials at each level: one where nothing is drawn.
  unsigned trials_of(Control control) const { return row_of(kControls, control).is_drawn ? trials : 1; }
};

/// Returns when masks change in a training of `steps` steps, for a config in steps; stretched where the
/// config's steps are fewer. By default, gradual pruning lasts from a quarter to three quarters of it; set
/// and rigl last from its beginning to three quarters, as in Evci et al. 2020, section 4.
MaskChanges mask_changes(const SearchConfig& config, std::uint64_t steps);

/// Returns the data of pretraining.
DatasetOptions pretraining_data(const SearchConfig& config);

}  // namespace ltlab
