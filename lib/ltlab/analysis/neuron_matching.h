#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ltlab/analysis/wiring.h"
#include "ltlab/base/tensor.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// Hidden neurons of one network and their partners in another: entry [l][o] is the output of layer l of the
/// other that stands in for output o. The outputs of the last layer, the classes, are their own partners.
using NeuronMatching = std::vector<std::vector<std::uint32_t>>;

/// Matches two networks. Neurons of a hidden layer have no order of their own, so networks can be compared
/// weight by weight only once their neurons are matched (Li et al. 2016, "Convergent Learning"). This is
/// weight matching of Ainsworth et al. 2023, "Git Re-Basin", algorithm 1: from the given order on, it solves
/// the assignment of one hidden layer's neurons at a time, the others fixed, until the sum of products of all
/// weights of `a` with those of the matched `b` stops growing: a local optimum. Channels that shortcuts add
/// up move together, in all layers of a residual stream; where it widens, its first channels are the earlier
/// ones, and the new ones move among themselves. Channels that are added to the images stay.
///
/// The arrays are those of the wired layers, or their masks as zeros and ones: the sum of products is then
/// the number of common survivors. StoreError where the networks differ in shape or are not wired so.
NeuronMatching match_neurons(const std::vector<Tensor>& a, const std::vector<Tensor>& b,
                             const Wiring& wiring);

/// Returns the network with its neurons in the order of the partners: rows, and the columns of the layers
/// that take them.
std::vector<Tensor> reordered(const std::vector<Tensor>& tensors, const NeuronMatching& matching,
                              const Wiring& wiring);
std::vector<Mask> reordered(const std::vector<Mask>& masks, const NeuronMatching& matching,
                            const Wiring& wiring);

/// Returns masks as arrays of zeros and ones.
std::vector<Tensor> as_tensors(const std::vector<Mask>& masks);

/// The property of a mask that its random version keeps.
enum class MaskChance {
  density,  ///< each layer's number of survivors is kept
  inputs    ///< also the number of each input, or place in a kernel
};

/// Returns the arrays with their values, pruned ones too, at other random places of the same layer.
std::vector<Tensor> shuffled(const std::vector<Tensor>& tensors, MaskChance kept, std::uint64_t seed,
                             std::uint64_t draw);

}  // namespace ltlab
