#pragma once

#include <string_view>

#include "ltlab/base/names.h"

namespace ltlab {

/// When the networks of levels 1, 2, ... are pruned: each value has a file in lottery/methods/.
enum class PruningTime {
  after_training,   ///< level n prunes what level n - 1 trained: iterative pruning
  one_shot,         ///< every level prunes what level 0 trained, at once to its density
  before_training,  ///< every level prunes the weights of the rewind step, and trains only then
  during_training,  ///< every level trains from the dense network, and is pruned on the way: GradualPruning
  early_bird,       ///< the same, but all at once, as soon as its mask has settled: EarlyBird
  set,              ///< every level trains at its density, with masks that move: DynamicSparseTraining
  rigl              ///< the same
};

/// Which weights decide the masks of a level.
enum class PrunedWeights {
  of_level_before,   ///< those after the training of the level before
  of_dense_network,  ///< those after the training of level 0
  of_rewind_step,    ///< those of level 0 at the rewind step
  in_training,       ///< its own, while it trains from the dense network
  none               ///< masks are drawn at the level's density, and move while it trains
};

/// The properties of a pruning time that are known without training.
struct PruningTimeKind {
  PruningTime value;
  std::string_view name;
  PrunedWeights prunes;
  std::string_view help;                 ///< when a level is pruned
  unsigned quarters_before_changes = 0;  ///< of a training, before masks begin to change by default
};

inline constexpr PruningTimeKind kPruningTimes[] = {
    {PruningTime::after_training, "after-training", PrunedWeights::of_level_before, "of the level before"},
    {PruningTime::one_shot, "one-shot", PrunedWeights::of_dense_network, "of the dense network"},
    {PruningTime::before_training, "before-training", PrunedWeights::of_rewind_step,
     "by the weights of the rewind step"},
    {PruningTime::during_training, "during-training", PrunedWeights::in_training,
     "little by little from dense", 1},
    {PruningTime::early_bird, "early-bird", PrunedWeights::in_training,
     "in training, as soon as the mask has settled"},
    {PruningTime::set, "set", PrunedWeights::none, "never, masks moving at random as it trains"},
    {PruningTime::rigl, "rigl", PrunedWeights::none, "never, masks moving by gradients"},
};

/// The names of kPruningTimes.
inline const NameTable<PruningTime>& pruning_time_names() {
  static const NameTable<PruningTime> table("time of pruning", kPruningTimes);
  return table;
}

}  // namespace ltlab
