#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/prune/granularity.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// What says how much a weight w is worth; the least goes first. w is the weight as it stands when it is
/// pruned, w_init as it was at step 0. Those of Zhou et al. 2019 (arXiv 1905.01067, section 2 and figure 3)
/// have their names there; large_final is magnitude.
enum class Score {
  magnitude,               ///< |w| (Han et al. 2015, arXiv 1506.02626)
  small_final,             ///< -|w|
  large_init,              ///< |w_init|
  small_init,              ///< -|w_init|
  large_init_large_final,  ///< the lesser of the percentiles of |w_init| and |w| in the layer
  small_init_small_final,  ///< the lesser of the percentiles of -|w_init| and -|w| in the layer
  magnitude_increase,      ///< |w| - |w_init|
  large_final_same_sign,   ///< |w|, and -|w| where w has another sign than w_init (their section 5, as
                           ///< large_final_diff_sign)
  large_final_diff_sign,   ///< -|w|, and |w| where w has another sign than w_init
  movement,                ///< |w - w_init|
  away_from_zero,          ///< w^2 - w_init^2: of movement pruning (Sanh et al. 2020, arXiv 2005.07683,
                           ///< section 3) what the sum of -w dL/dw over all steps is where these are small
                           ///< steps of plain SGD at one learning rate
  random,                  ///< drawn
  snip,                    ///< these five see the network: lottery/network_scores.h
  grasp,
  synflow,
  taylor,
  fisher
};

/// magnitude (or large-final) | small-final | large-init | ... | fisher
const NameTable<Score>& score_names();

/// Whether the weights at step 0 and now, and no network, decide the score.
bool is_of_weights_alone(Score score);
/// Whether it tells what training changed, and so nothing of the weights at step 0.
bool is_of_change(Score score);
/// Whether training images decide it, too.
bool sees_images(Score score);

/// One array of weights as a score looks at it.
struct ScoredWeights {
  const Mask& mask;
  const Tensor& initial;  ///< at step 0, dense
  const Tensor& present;  ///< now, dense
};

/// A score of weights alone but random, one a weight; those of weights that the mask prunes mean nothing.
std::vector<double> score_weights(Score score, const ScoredWeights& weights);

/// Score::random: uniform in [0, 1), one a group, the same at every level of a seed. A group's weights share
/// it, so that groups go by chance whatever their sizes.
std::vector<double> score_at_random(const Mask& mask, const Granularity& granularity, std::uint64_t seed);

}  // namespace ltlab
