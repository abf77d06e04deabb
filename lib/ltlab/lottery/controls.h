#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/config/search_config.h"
#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// Names what is drawn for one control of a replicate: by one of its seeds and the trial.
struct ControlTrial {
  std::uint64_t seed = 0;
  unsigned trial = 0;
};

/// Returns the weights of a fresh network with the same arrays: Control::random_reinit.
std::vector<Tensor> reinitialized(const Network<float>& network, Initialization initialization,
                                  unsigned level, const ControlTrial& names);

/// Returns the weights before training, with those that the masks keep permuted within each layer:
/// Control::shuffled_weights.
std::vector<Tensor> shuffled_weights(std::vector<Tensor> weights, const std::vector<Mask>& masks,
                                     unsigned level, const ControlTrial& names);

/// Returns the same, but each place keeps its sign, and only magnitudes are permuted:
/// Control::shuffled_magnitudes.
std::vector<Tensor> shuffled_magnitudes(std::vector<Tensor> weights, const std::vector<Mask>& masks,
                                        unsigned level, const ControlTrial& names);

/// Returns the weights before training, but only their signs in each layer that has a mask: sign(w) times the
/// standard deviation (of n) of all of the layer's `initial` weights, those of step 0, as the signed constant
/// of Zhou et al. 2019, section 4.2. With a rewind step, where Zhou et al. have none, the signs are those of
/// its weights. Control::sign_only.
std::vector<Tensor> signs_of(std::vector<Tensor> weights, const std::vector<Tensor>& initial,
                             const std::vector<Mask>& masks);

/// One round of a ticket's pruning: the masks before it, and the scores by which it pruned, one per weight of
/// each mask.
struct PruningRound {
  std::vector<Mask> masks;
  std::vector<std::vector<double>> scores;
};

/// Returns masks that keep as many of each layer's weights as the ticket's `masks` (or as near as granularity
/// allows): those that its `rounds`, first to last, pruned or would prune first. Control::inverted_mask
/// (Frankle et al. 2021, arXiv 2009.08576, section 5), but for a score that prunes in rounds of its own
/// (synflow): there each round prunes the highest scores, by prune_highest_in_rounds(), of the network that
/// was pruned first. That the rounds are inverted one by one is our reading of the paper.
std::vector<Mask> inverted_masks(const std::vector<Mask>& masks, const std::vector<PruningRound>& rounds,
                                 const Granularity& granularity);

/// Returns the start of a control's trial for a level's ticket, which has these masks. It sees the images in
/// the ticket's order, so that only the mask or the weights differ.
LevelStart start_control(const Replicate& replicate, Control control, unsigned trial, unsigned level,
                         const std::vector<Mask>& masks);

}  // namespace ltlab
