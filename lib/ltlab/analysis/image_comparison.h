#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ltlab/analysis/comparison.h"
#include "ltlab/analysis/prediction_tests.h"

namespace ltlab {

/// What a variant's networks at one density say of the test images, one by one. Means are over seeds; of a
/// control with several trials it is the first.
struct ImageResult {
  std::size_t variant = 0, density = 0;           ///< indices as in Comparison
  double calibration_error = 0, brier_score = 0;  ///< means: calibration_error(), brier_score()
  std::vector<double> class_accuracies;           ///< means: class_accuracies()
  /// The mean share of images that this variant and the base put into different classes with the same seed,
  /// and McNemar's test by seed. The base has none, nor do variants without seeds in common.
  std::optional<double> disagreement;
  std::vector<McNemarTest> mcnemar;
  /// The difference of mean accuracies from the base's beyond these seeds and these images:
  /// test_seeds_and_images(). None for the base, and for fewer than two seeds.
  std::optional<MeanTest> difference;
};

/// Compares the predictions of the networks that `comparison` compares, which must be of these variants, on
/// the images of these true labels. ConfigError where networks recorded no predictions, or of other images.
std::vector<ImageResult> compare_images(const std::vector<Variant>& variants, const Comparison& comparison,
                                        std::span<const std::uint8_t> labels, std::size_t classes);

}  // namespace ltlab
