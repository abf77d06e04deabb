#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/data/dataset.h"
#include "ltlab/nn/initialization.h"
#include "ltlab/nn/kernel_policies.h"
#include "ltlab/prune/pruning.h"
#include "ltlab/prune/scores.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// What a ticket is compared with. Each changes one thing of the ticket as it is before training, and is
/// trained like it.
enum class Control {
  random_reinit,  ///< weights drawn anew, trained from step 0 (Frankle & Carbin 2019, section 2)
  random_mask,    ///< a random mask of the same density in each layer: to permute the mask within layers, as
                  ///< Frankle et al. 2021 (arXiv 2009.08576, section 5) shuffle it, is to draw such a one
  global_random_mask,  ///< a random mask of the same density of all layers together
  shuffled_weights,    ///< the survivors' weights permuted within each layer (Zhou et al. 2019, arXiv
                       ///< 1905.01067, section 4.1: reshuffled)
  sign_only,     ///< of the weights in masked layers the signs alone: signs_of() (Zhou et al., section 4.2)
  supermask,     ///< no training at all (Zhou et al., section 5)
  inverted_mask  ///< the lowest scores kept, in each layer as many: inverted_masks() (Frankle et al. 2021,
                 ///< section 5)
};

/// random-reinit | random-mask | global-random-mask | shuffled-weights | sign-only | supermask |
/// inverted-mask
const NameTable<Control>& control_names();
/// Whether anything is drawn for it, so that trials differ.
bool is_drawn(Control control);

/// How the survivors of a pruning are trained again, from the rewind step on (Renda et al. 2020, arXiv
/// 2003.02389, section 2).
enum class Retraining {
  weight_rewinding,         ///< weights, optimizer state and schedule return to the rewind step
  learning_rate_rewinding,  ///< the schedule does; weights and optimizer state stay as trained
  fine_tuning,              ///< all stay, at the schedule's last learning rate, for as many steps
  none                      ///< they are not: a level is what pruning leaves
};

/// weights | learning-rate | fine-tune | none
const NameTable<Retraining>& retraining_names();

/// Which images a retraining sees at each step, and how augmented.
enum class RetrainingOrder {
  fresh,    ///< its own order, as every level has one
  original  ///< those that the dense network saw
};

/// new | original
const NameTable<RetrainingOrder>& retraining_order_names();

/// A first phase of training that leaves the weights of step 0, with a fresh optimizer and the search's
/// settings, schedule included; cosine falls over the longer of both trainings.
struct PretrainingConfig {
  StepCount steps = 0;         ///< 0: none, the weights of step 0 are as drawn
  std::string source;          ///< of the data; empty: those of the search
  bool random_labels = false;  ///< as DatasetOptions says
};

/// When the networks of levels 1, 2, ... are pruned.
enum class PruningTime {
  after_training,   ///< level n prunes what level n - 1 trained: iterative pruning
  one_shot,         ///< every level prunes what level 0 trained, at once to its density
  before_training,  ///< every level prunes the weights of the rewind step, and trains only then
  during_training,  ///< every level trains from the dense network, and is pruned on the way: GradualPruning
  early_bird,       ///< likewise, but at once, as soon as its mask has settled: EarlyBird
  set,              ///< every level trains at its density, by masks that move: DynamicSparseTraining
  rigl              ///< likewise
};

/// after-training | one-shot | before-training | during-training | early-bird | set | rigl
const NameTable<PruningTime>& pruning_time_names();

/// How the pruned fraction grows while a network is pruned during training.
enum class GradualCourse { cubic, linear };

/// cubic | linear
const NameTable<GradualCourse>& gradual_course_names();

/// What every training of a search gets alike.
enum class Budget {
  steps,  ///< as many steps
  flops   ///< as many FLOPs as the dense network's training, so that sparser ones take more steps:
          ///< flop_budget.h
};

/// steps | flops
const NameTable<Budget>& budget_names();

/// When masks change while a network trains, in steps: every `every` from `begin` on until `end`.
struct MaskChanges {
  std::uint64_t begin = 0, end = 0, every = 1;
};

/// A search for winning tickets: everything that decides its results.
struct SearchConfig {
  DatasetOptions data;
  std::string model = "lenet-300-100";
  Initialization initialization = Initialization::glorot_normal_truncated;
  PretrainingConfig pretraining;
  TrainingConfig training;
  Budget budget = Budget::steps;
  std::vector<StepCount> level_steps;  ///< of levels 1, 2, ..., which then are stretched(); the last one is
                                       ///< also that of all that follow; empty: training.steps

  double rate = 0.2;                       ///< fraction of a layer's survivors pruned a round
  std::optional<double> convolution_rate;  ///< of convolutions; default rate
  std::optional<double> output_rate;       ///< of the output layer; default rate / 2
  std::vector<double> densities;  ///< of levels 1, 2, ..., falling; empty: rates, levels and target_density
                                  ///< decide
  PruningTime pruning_time = PruningTime::after_training;
  GradualCourse gradual_course = GradualCourse::cubic;
  std::optional<StepCount> mask_begin, mask_end;  ///< of changes during training; defaults: mask_changes()
  StepCount mask_every = 100;
  double mask_distance = 0.1;                 ///< of early_bird: below which a mask has settled
  double drop_fraction = 0.3;                 ///< of set and rigl: of a layer's survivors, at first in rigl
  std::map<std::string, double> layer_rates;  ///< of layers by name; 0 keeps one whole in every scope
  std::size_t min_survivors = 0;  ///< weights that every prunable layer keeps, or all where it has fewer
  PruningScope scope = PruningScope::layerwise;
  Granularity granularity;
  Score score = Score::magnitude;
  std::size_t score_images = 100;  ///< training images that a score of the network sees
  std::string from;                ///< a run or level whose tickets are trained here; empty: search for some
  StepCount rewind_step = 0;
  Retraining retraining = Retraining::weight_rewinding;
  RetrainingOrder retraining_order = RetrainingOrder::fresh;
  std::optional<unsigned> levels = 10;  ///< pruned levels, after the dense level 0; none: no limit
  double target_density = 0;            ///< stop at the first level at or below it, if that comes sooner

  std::vector<Control> controls;
  unsigned trials = 1;  ///< of each control, at each level
  unsigned replicates = 1;
  std::uint64_t seed = 0;  ///< replicate r has seed + r
  KernelPolicies kernel = KernelPolicy::automatic;

  /// Whether masks change while a level trains.
  bool moves_masks() const {
    return pruning_time == PruningTime::during_training || pruning_time == PruningTime::early_bird ||
           trains_sparse();
  }
  /// Whether each level trains sparsely from the beginning, by masks that move.
  bool trains_sparse() const { return pruning_time == PruningTime::set || pruning_time == PruningTime::rigl; }
  /// Until which a level trains, where no budget of FLOPs decides it.
  std::uint64_t steps_of(unsigned level) const;
  bool pretrains() const { return !pretraining.steps.none(); }
  /// Whether any data are the embedded ones.
  bool draws_embedded() const {
    return data.source == "embedded" || (pretrains() && pretraining.source == "embedded");
  }
  double rate_of_output_layer() const { return output_rate.value_or(rate / 2); }
  /// Of one layer, by its name. The neurons of the output layer are classes, and stay.
  double rate_of(const std::string& layer, const Shape& weights, bool output_layer) const;
  /// Whether rates say how dense levels are; else densities do, a pattern, or another run.
  bool has_rates() const {
    return densities.empty() && granularity.kind != Granularity::Kind::pattern && from.empty();
  }
  /// Whether layers have rates of their own, and not all the same.
  bool has_layer_rates() const {
    return has_rates() && (scope == PruningScope::layerwise || scope == PruningScope::global);
  }
  /// Trials of a control at each level: one where nothing is drawn.
  unsigned trials_of(Control control) const { return is_drawn(control) ? trials : 1; }
};

/// When masks change in a training of `steps` steps, of a config in steps: by default in gradual pruning from
/// a quarter to three quarters of it; with set and rigl from its beginning to three quarters, as in Evci et
/// al. 2020, section 4.
MaskChanges mask_changes(const SearchConfig& config, std::uint64_t steps);

/// The data of pretraining.
DatasetOptions pretraining_data(const SearchConfig& config);

}  // namespace ltlab
