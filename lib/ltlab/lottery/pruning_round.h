#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/data/dataset.h"
#include "ltlab/lottery/pruning_plan.h"
#include "ltlab/store/records.h"
#include "ltlab/store/verify.h"

namespace ltlab {

/// The input of a pruning.
struct PruningInput {
  const std::vector<Mask>& masks;      ///< before; the new ones are nested in them
  const std::vector<Tensor>& initial;  ///< weights at step 0
  const std::vector<Tensor>& weights;  ///< those that are pruned, mostly as trained
  std::uint64_t seed = 0;              ///< Seeds::mask of the replicate: names what a score draws
  const Dataset* dataset = nullptr;    ///< for scores that ask the network
};

/// Returns the scores by which the config prunes such an input: one per weight of each mask, row-major. If a
/// score prunes in rounds, those of the first. StoreError where a mask has no weights of its shape.
std::vector<std::vector<double>> pruning_scores(const PruningInput& input, const SearchConfig& config);

/// Returns the plan of a level for the layers that have these masks, in their order.
std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<Mask>& masks,
                                     unsigned level);

/// Returns the masks after a pruning that leaves each group of `plan` its number of survivors, or as near as
/// the granularity comes: those of the highest scores, in as many rounds as the score takes. A group that
/// already has no more than that keeps them, and one of rate 0 always does. StoreError where a mask has no
/// weights of its shape.
std::vector<Mask> prune_to_plan(const PruningInput& input, const std::vector<PruningGroup>& plan,
                                const SearchConfig& config);

/// Returns whether such a pruning asks for its scores anew in each of several rounds.
bool prunes_in_rounds(const SearchConfig& config);

/// Returns the masks after such a pruning, if each round prunes the highest scores, and as many survive in
/// each layer as in the `ticket` (or as near as granularity allows). Weights on no path, whose score is 0,
/// are kept longest, and pruned in random order.
std::vector<Mask> prune_highest_in_rounds(const PruningInput& input, const std::vector<Mask>& ticket,
                                          const SearchConfig& config);

/// Returns masks at random places: as many weights of each group's layers as the plan keeps. The plan must
/// have a group for each layer.
std::vector<Mask> draw_sparse_masks(const std::vector<Mask>& layers, const std::vector<PruningGroup>& plan,
                                    std::uint64_t seed, unsigned level);

/// Returns the FLOPs of the passes through the network that such a pruning's scores take, counted like those
/// of training; where it takes several rounds, as if all had the masks of the first.
double scoring_flops(const std::vector<Mask>& masks, const SearchConfig& config, const Dataset& dataset);

/// Returns the rules by which verify() recomputes the masks of a search's tickets from the weights that were
/// pruned, where these and the config suffice; elsewhere it counts the survivors that the plan keeps.
LevelRules pruning_rules();

}  // namespace ltlab
