#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/data/dataset.h"
#include "ltlab/nn/hessian_product.h"
#include "ltlab/prune/scores.h"

namespace ltlab {

/// Scores that ask the network: for each parameter that may be pruned, in the network's order, one per
/// weight, row-major, 0 where the network's masks prune.
using NetworkScores = std::vector<std::vector<double>>;

/// Computes a score that asks the network, as defined in kScores; `batches` are of training images, and empty
/// where it sees none. The network is used up. ConfigError: the score depends on weights alone.
template <class T>
NetworkScores score_network(Score score, Network<T>& network, std::span<const LabelledBatch<T>> batches);

/// Returns `count` training images, or all there are, in batches of at most `batch`, laid out like `input`:
/// equally many of each class (as GraSP and Frankle et al. 2021, arXiv 2009.08576, appendix A, draw them), or
/// one more where `count` is not a multiple of the classes; where a class runs out, the others fill its
/// place. They are the same at every level of a seed.
template <class T>
std::vector<LabelledBatch<T>> draw_score_images(const Dataset& dataset, std::size_t count, std::size_t batch,
                                                const ActivationShape& input, std::uint64_t seed);

}  // namespace ltlab
