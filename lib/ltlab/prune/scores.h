#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/prune/granularity.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// How much a weight w is worth; the lowest scores go first. w is the weight as it stands when it is pruned,
/// w_init as it was at step 0. The scores of Zhou et al. 2019 (arXiv 1905.01067, section 2 and figure 3) have
/// their names there; large_final is magnitude.
enum class Score {
  magnitude,               ///< |w| (Han et al. 2015, arXiv 1506.02626)
  small_final,             ///< -|w|
  large_init,              ///< |w_init|
  small_init,              ///< -|w_init|
  large_init_large_final,  ///< the lesser of the percentiles of |w_init| and |w| in the layer
  small_init_small_final,  ///< the lesser of the percentiles of -|w_init| and -|w| in the layer
  magnitude_increase,      ///< |w| - |w_init|
  large_final_same_sign,   ///< |w|, but where w has another sign than w_init what WrongSign says (their
                           ///< section 5, as large_final_diff_sign)
  large_final_diff_sign,   ///< the same with |w| where w has another sign than w_init
  movement,                ///< |w - w_init|; not the movement pruning of Sanh et al. 2020
  away_from_zero,  ///< w^2 - w_init^2. Movement pruning (Sanh et al. 2020, arXiv 2005.07683, section 3)
                   ///< scores by the sum of -w dL/dw over all steps, which orders alike only if these
                   ///< are small steps of plain SGD at one learning rate: then the sum is the score
                   ///< over twice the rate. With momentum, Adam, weight decay or a schedule it is
                   ///< another score, for which gradients would have to be summed in training
  random,          ///< drawn
  // The scores below ask the network; L is the mean cross-entropy of images, g = dL/dw. By default they work
  // as training does, where batch norm takes each batch's statistics: see lottery/network_scores.h.
  snip,     ///< |w g|: connection sensitivity (Lee et al. 2019, arXiv 1810.02340, section 4.1, without the
            ///< sum that it is divided by, which orders nothing)
  grasp,    ///< w (H g), H the Hessian with respect to the weights that may be pruned, of L at softmax
            ///< temperature 200: how much the squared gradient norm falls without w (Wang et al. 2020, arXiv
            ///< 2002.07376, section 4.1; they score -w (H g) and prune the highest, and their code has the
            ///< temperature)
  synflow,  ///< w dR/dw, where R is the sum of the logits for an image of ones in the network of all absolute
            ///< values, also batch norm's arrays, working as in evaluation: synaptic flow (Tanaka et al.
            ///< 2020, arXiv 2006.05467, section 6 and algorithm 1; batch norm as in their code). The sums of
            ///< layers' scores are equal if there are no biases (their theorem 2)
  taylor,   ///< mean over the batches of (w g)^2 (Molchanov et al. 2019, arXiv 1906.10771, section 3.1,
            ///< averaged over minibatches as there): how much the loss would change without w, to first order
  fisher    ///< w^2 F, where F is the mean over images of the squared gradient of the image's own loss: the
            ///< diagonal of the empirical Fisher information (Theis et al. 2018, arXiv 1801.05787, section 2,
            ///< but for a factor of 1/2). Statistics stay as they are, as in evaluation
};

/// What a score that keeps one sign, large_final_same_sign or large_final_diff_sign, gives weights of the
/// other.
enum class WrongSign {
  zero,     ///< 0, and the order of such weights is drawn, as in the code of Zhou et al. 2019; there 0 has a
            ///< sign of its own
  negative  ///< -|w|, so that the largest go first
};

/// zero | negative
inline const NameTable<WrongSign>& wrong_sign_names() {
  using enum WrongSign;
  static const NameTable<WrongSign> table("score of a wrong sign", {{zero, "zero"}, {negative, "negative"}});
  return table;
}

/// The data that decide a score.
enum class ScoreInput {
  weights,         ///< at step 0 and now
  weight_changes,  ///< at step 0 and now; says nothing about the weights at step 0
  network,         ///< but no images
  batches,         ///< of training images, in the network
  single_images    ///< of training, in the network
};

/// The properties of a score that are known without a network.
struct ScoreKind {
  Score value;
  std::string_view name;
  ScoreInput input;
  unsigned passes = 0;  ///< of each image (one, if it sees none) forward and back through the network
  /// Rounds of pruning, each to the same fraction of what the one before left. SynFlow: Tanaka et al. 2020,
  /// algorithm 1; a single round would wipe out layers.
  unsigned rounds = 1;
  bool in_double = false;  ///< whether it is computed in double, and not in float

  constexpr bool asks_network() const {
    return input != ScoreInput::weights && input != ScoreInput::weight_changes;
  }
  constexpr bool keeps_one_sign() const {
    return value == Score::large_final_same_sign || value == Score::large_final_diff_sign;
  }
  constexpr bool sees_images() const {
    return input == ScoreInput::batches || input == ScoreInput::single_images;
  }
};

inline constexpr ScoreKind kScores[] = {
    {Score::magnitude, "magnitude", ScoreInput::weights},
    {Score::magnitude, "large-final", ScoreInput::weights},
    {Score::small_final, "small-final", ScoreInput::weights},
    {Score::large_init, "large-init", ScoreInput::weights},
    {Score::small_init, "small-init", ScoreInput::weights},
    {Score::large_init_large_final, "large-init-large-final", ScoreInput::weights},
    {Score::small_init_small_final, "small-init-small-final", ScoreInput::weights},
    {Score::magnitude_increase, "magnitude-increase", ScoreInput::weight_changes},
    {Score::large_final_same_sign, "large-final-same-sign", ScoreInput::weights},
    {Score::large_final_diff_sign, "large-final-diff-sign", ScoreInput::weights},
    {Score::movement, "movement", ScoreInput::weight_changes},
    {Score::away_from_zero, "away-from-zero", ScoreInput::weight_changes},
    {Score::random, "random", ScoreInput::weights},
    {Score::snip, "snip", ScoreInput::batches, 1},
    {Score::grasp, "grasp", ScoreInput::batches, 4, 1,
     true},  // three of them for the product with the Hessian
    {Score::synflow, "synflow", ScoreInput::network, 1, 100, true},
    {Score::taylor, "taylor", ScoreInput::batches, 1},
    {Score::fisher, "fisher", ScoreInput::single_images, 1},
};

/// Returns the names of kScores.
inline const NameTable<Score>& score_names() {
  static const NameTable<Score> table("score", kScores);
  return table;
}

/// One array of weights as a score sees it.
struct ScoredWeights {
  const Mask& mask;
  const Tensor& initial;  ///< at step 0, dense
  const Tensor& present;  ///< now, dense
};

/// Returns a score that asks no network, other than Score::random: one a weight, meaningless for weights that
/// the mask prunes. ConfigError for another score.
std::vector<double> score_weights(Score score, const ScoredWeights& weights,
                                  WrongSign wrong_sign = WrongSign::zero);

/// Returns Score::random: uniform in [0, 1), one a group, the same at every level of a seed. A group's
/// weights share it, so that groups go by chance whatever their sizes.
std::vector<double> score_at_random(const Mask& mask, const Granularity& granularity, std::uint64_t seed);

/// Puts the weights with a score of 0 in the order of Score::random: replaces 0 by a negative number nearer
/// to it than any other score, so that groups which have another mean than 0 keep their order.
void order_zeros_at_random(const Mask& mask, const Granularity& granularity, std::uint64_t seed,
                           std::vector<double>& scores);

}  // namespace ltlab
