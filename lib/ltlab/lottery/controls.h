#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/config/search_config.h"
#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// Names what is drawn for one control of a replicate: its seed, and which trial it is.
struct ControlTrial {
  std::uint64_t seed = 0;
  unsigned trial = 0;
};

/// The weights of a fresh network of the same arrays: Control::random_reinit.
std::vector<Tensor> reinitialized(const Network<float>& network, Initialization initialization,
                                  unsigned level, const ControlTrial& names);

/// The weights before training, but those that the masks keep permuted among themselves, in each layer:
/// Control::shuffled_weights.
std::vector<Tensor> shuffled_weights(std::vector<Tensor> weights, const std::vector<Mask>& masks,
                                     unsigned level, const ControlTrial& names);

/// The weights before training, but of each layer that has a mask only the signs: sign(w) times the standard
/// deviation of all of the layer's weights (of n). Control::sign_only.
std::vector<Tensor> signs_of(std::vector<Tensor> weights, const std::vector<Mask>& masks);

/// One round of a ticket's pruning: the masks before it, and the scores by which it pruned, one a weight of
/// each mask.
struct PruningRound {
  std::vector<Mask> masks;
  std::vector<std::vector<double>> scores;
};

/// Masks that keep as many weights of each layer as the ticket's `masks` (or as near as the granularity
/// comes): those that its `rounds`, first to last, pruned or would prune first. Control::inverted_mask.
std::vector<Mask> inverted_masks(const std::vector<Mask>& masks, const std::vector<PruningRound>& rounds,
                                 const Granularity& granularity);

/// A trial of a control to a level's ticket, which has these masks, as it begins. It sees the images in the
/// ticket's order, so that only the mask or the weights differ.
LevelStart start_control(const Replicate& replicate, Control control, unsigned trial, unsigned level,
                         const std::vector<Mask>& masks);

}  // namespace ltlab
