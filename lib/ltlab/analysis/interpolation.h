#pragma once

#include <cstddef>
#include <stop_token>
#include <vector>

#include "ltlab/analysis/landscape_data.h"
#include "ltlab/base/names.h"
#include "ltlab/train/evaluation.h"

namespace ltlab {

/// Loss and accuracy at (1 - alpha) a + alpha b.
struct LinePoint {
  double alpha = 0;
  Evaluation train, test;
};

/// Batch norm's running statistics at a point of a line. Between two networks their activations have other
/// statistics than either, mostly less variance, which alone can raise a barrier (Jordan et al. 2023,
/// "REPAIR", arXiv 2211.08403).
enum class LineStatistics {
  estimated,    ///< anew at every point, both ends among them: estimate_statistics() of the training images
  interpolated  ///< between those of the ends, like all other arrays
};

/// estimated | interpolated
const NameTable<LineStatistics>& line_statistics_names();

/// Replaces batch norm's running statistics by the means of the batches' own over the whole batches of `set`,
/// each normalized by its own as in training (torch with momentum=None, as in Jordan et al. 2023). The
/// batches are taken in order, and dropout draws the same for all networks. An incomplete batch counts only
/// where there is no other.
void estimate_statistics(Network<float>& network, const EvaluationSet& set);

/// Evaluates `points` evenly spaced points (at least 2: the ends) of the straight line from `a` to `b` under
/// the union of their masks. ConfigError where the networks differ in an array or mask; StoreError where a
/// value is not finite; Interrupted when `stop` is requested.
std::vector<LinePoint> interpolate(const LandscapeData& data, const WeightPoint& a, const WeightPoint& b,
                                   std::size_t points, LineStatistics statistics,
                                   const std::stop_token& stop = {});

/// How far a line rises above the mean of its ends: sup over alpha of E(alpha), less (E(0) + E(1)) / 2
/// (Frankle et al. 2020, arXiv 1912.05671, section 2, for errors), at least 0 where the ends are equal.
struct Barrier {
  double train_loss = 0, test_loss = 0;    ///< nats
  double train_error = 0, test_error = 0;  ///< fractions; that of the test error is their linear
                                           ///< interpolation instability
};
Barrier barrier(const std::vector<LinePoint>& line);

/// Below this barrier of their error, two networks are linearly mode connected, and a network is stable to
/// SGD noise if its copies are (Frankle et al. 2020, section 2).
inline constexpr double kStableBarrier = 0.02;

}  // namespace ltlab
