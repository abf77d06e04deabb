#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/analysis/mean_test.h"
#include "ltlab/train/predictions.h"

namespace ltlab {

// Labels are the true classes of the images that were predicted. All that follows throws ConfigError where
// there is no image, or where two arguments are not of as many.

/// Returns the share of images that two networks put into different classes.
double disagreement(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

/// McNemar's test of whether two networks are right equally often (McNemar 1947, "Note on the sampling error
/// of the difference between correlated proportions or percentages"). It speaks of these two networks and
/// images like these, and not of other seeds.
struct McNemarTest {
  std::size_t only_a_right = 0, only_b_right = 0;  ///< images
  double p = 1;  ///< two-sided and exact: of so uneven a split of these images by fair coins
};

/// Returns the test of two networks by what they put each image into.
McNemarTest test_mcnemar(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> a,
                         std::span<const std::uint8_t> b);

/// Returns the share of each class's images that are put into it; NaN for a class without images. Throws
/// ConfigError for a label that is no class.
std::vector<double> class_accuracies(std::span<const std::uint8_t> labels,
                                     std::span<const std::uint8_t> predicted, std::size_t classes);

/// Returns the expected calibration error in 15 bins of equal width: the distance of accuracy from mean
/// probability in each bin, averaged over images (Guo et al. 2017, "On calibration of modern neural
/// networks", section 2). Throws ConfigError for a probability that is none.
double calibration_error(std::span<const std::uint8_t> labels, const Predictions& predictions);

/// Returns the Brier score (Brier 1950, "Verification of forecasts expressed in terms of probability") of two
/// outcomes, right and wrong: the mean square of the predicted class's probability less 1 where it is right
/// and 0 where it is wrong. It is not the sum over all classes, of which the other probabilities would be
/// needed. Throws ConfigError for a probability that is none.
double brier_score(std::span<const std::uint8_t> labels, const Predictions& predictions);

/// Which images networks classify rightly: for each seed, 1 for an image where it does and 0 where not.
using Correctness = std::vector<std::vector<std::uint8_t>>;

/// Tests whether the accuracies of two methods differ beyond these seeds and beyond these images: the images
/// are a sample as the seeds are, crossed with them (Owen 2007, "The pigeonhole bootstrap"). The estimate is
/// the mean of a less that of b. Its variance is that of seeds, images and residuals by an analysis of
/// variance (Searle, Casella & McCulloch 1992, "Variance Components", chapter 4), its degrees of freedom are
/// Satterthwaite's (1946). `pairing` is that of the seeds; the images are always the same.
///
/// In simulations its 95 % intervals held the difference in 93 to 96 % of samples of three to ten seeds, and
/// in 86 to 94 % of two. Those of the seeds' accuracies alone, test_difference(), did so in 71 to 96 %: they
/// speak of these images, and not of others like them. Throws ConfigError also unless each method has two
/// seeds, there are two images, and all are crossed.
MeanTest test_seeds_and_images(const Correctness& a, const Correctness& b, Pairing pairing);

}  // namespace ltlab
