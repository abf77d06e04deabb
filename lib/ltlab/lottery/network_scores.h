#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/data/dataset.h"
#include "ltlab/nn/hessian_product.h"
#include "ltlab/prune/scores.h"

namespace ltlab {

/// Scores that ask the network: of each parameter that may be pruned, in the network's order, one a weight,
/// row-major, 0 where the network's masks prune. L is the mean cross-entropy over the images, w a weight. By
/// default they work as training does, where batch norm takes each batch's statistics.
using NetworkScores = std::vector<std::vector<double>>;

/// |w dL/dw|: connection sensitivity (Lee et al. 2019, arXiv 1810.02340, section 4.1, without the sum that it
/// is divided by, which orders nothing).
template <class T>
NetworkScores snip_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches);

/// w (H g) of the gradient g = dL/dw and the Hessian H with respect to the weights that may be pruned, of L
/// at softmax temperature 200: how much the squared gradient norm falls without w (Wang et al. 2020, arXiv
/// 2002.07376, section 4.1; they score -w (H g) and prune the highest, and their code has the temperature).
/// The network is used up.
NetworkScores grasp_scores(Network<double>& network, std::span<const LabelledBatch<double>> batches);

/// Mean over the batches of (w dL/dw)^2 (Molchanov et al. 2019, arXiv 1906.10771, section 3.1, averaged over
/// minibatches as there): how much the loss would change without w, to first order.
template <class T>
NetworkScores taylor_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches);

/// w^2 F, where F is the mean over images of the squared gradient of the image's own loss: the diagonal of
/// the empirical Fisher information (Theis et al. 2018, arXiv 1801.05787, section 2, but for a factor of
/// 1/2). Statistics stay as they are, as in evaluation; the network is frozen.
template <class T>
NetworkScores fisher_scores(Network<T>& network, std::span<const LabelledBatch<T>> batches);

/// w dR/dw, where R is the sum of the logits that an image of ones has in the network of all absolute values,
/// batch norm's arrays included, working as in evaluation: synaptic flow (Tanaka et al. 2020, arXiv
/// 2006.05467, section 6 and algorithm 1; batch norm as in their code). The sums of layers' scores are the
/// same where there are no biases (their theorem 2). No data. The network is frozen and keeps the absolute
/// values.
NetworkScores synflow_scores(Network<double>& network);

/// How often a pruning by a score passes each of its images (SynFlow: its one) forward and back through the
/// network: once in a round; GraSP four times, of which three are the product with the Hessian. 0 for scores
/// of weights alone.
unsigned passes_of(Score score);

/// Rounds in which SynFlow prunes, each to the same fraction of what the one before left (Tanaka et al. 2020,
/// algorithm 1): what one round would do wipes out layers.
inline constexpr unsigned kSynflowRounds = 100;

/// `count` training images, or all there are, in batches of at most `batch`, laid out like `input`: as many
/// of each class as of any other (as GraSP and Frankle et al. 2021, arXiv 2009.08576, appendix A, draw them),
/// or one more where `count` is no multiple of the classes; where a class has no more, the others give them.
/// The same at every level of a seed.
template <class T>
std::vector<LabelledBatch<T>> draw_score_images(const Dataset& dataset, std::size_t count, std::size_t batch,
                                                const ActivationShape& input, std::uint64_t seed);

}  // namespace ltlab
