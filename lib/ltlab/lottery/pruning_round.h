#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/data/dataset.h"
#include "ltlab/lottery/pruning_plan.h"
#include "ltlab/store/records.h"
#include "ltlab/store/verify.h"

namespace ltlab {

/// What a pruning looks at.
struct PruningInput {
  const std::vector<Mask>& masks;      ///< before; the new ones are nested in them
  const std::vector<Tensor>& initial;  ///< weights at step 0
  const std::vector<Tensor>& weights;  ///< those that are pruned, mostly as trained
  std::uint64_t seed = 0;              ///< of the replicate: names what a score draws
  const Dataset* dataset = nullptr;    ///< for scores that ask the network
};

/// The config's scores, by which such a pruning prunes: one a weight of each mask, row-major. Of a
/// score that prunes in rounds those of the first. StoreError where a mask has no weights of its shape.
std::vector<std::vector<double>> pruning_scores(const PruningInput& input, const SearchConfig& config);

/// The plan of a level for the layers that have these masks, in their order.
std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<Mask>& masks,
                                     unsigned level);

/// The masks after a pruning that leaves each group of `plan` as many survivors as it says, or as near as the
/// granularity comes: those of the highest scores, in as many rounds as the score takes. A group that has no
/// more than that already keeps them, and one of rate 0 always. StoreError where a mask has no weights of its
/// shape.
std::vector<Mask> prune_to_plan(const PruningInput& input, const std::vector<PruningGroup>& plan,
                                const SearchConfig& config);

/// Masks at random places: of each group's layers as many weights as the plan keeps. The plan must have a
/// group for each layer.
std::vector<Mask> draw_sparse_masks(const std::vector<Mask>& layers, const std::vector<PruningGroup>& plan,
                                    std::uint64_t seed, unsigned level);

/// FLOPs of the passes through the network that such a pruning's scores take, counted as those of training;
/// where it takes several rounds, as if all had the masks of the first.
double scoring_flops(const std::vector<Mask>& masks, const SearchConfig& config, const Dataset& dataset);

/// How verify() recomputes the masks of a search's tickets from the weights that were pruned, where these and
/// the config say all; where they do not, it counts the survivors that the plan keeps.
LevelRules pruning_rules();

}  // namespace ltlab
