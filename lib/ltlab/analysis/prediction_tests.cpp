#include "ltlab/analysis/prediction_tests.h"

#include <algorithm>
#include <array>
#include <boost/math/distributions/binomial.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"

namespace ltlab {
namespace {

void require_images(std::size_t a, std::size_t b) {
  if (a == 0 || a != b) throw ConfigError("predictions are compared image by image, of at least one image");
}

void require_probabilities(std::span<const std::uint8_t> labels, const Predictions& predictions) {
  require_images(labels.size(), predictions.classes.size());
  require_images(labels.size(), predictions.probabilities.size());
  if (!std::ranges::all_of(predictions.probabilities, [](float p) { return p >= 0 && p <= 1; }))
    throw ConfigError("the probability of a predicted class must be from 0 to 1");
}

// A figure of each seed and image: rows of seeds.
using Table = std::vector<std::vector<double>>;

Table as_table(const Correctness& correctness) {
  Table table;
  table.reserve(correctness.size());
  for (const std::vector<std::uint8_t>& seed : correctness) table.emplace_back(seed.begin(), seed.end());
  return table;
}

Table operator-(Table a, const Table& b) {
  for (std::size_t seed = 0; seed < a.size(); ++seed)
    std::ranges::transform(a[seed], b[seed], a[seed].begin(), std::minus());
  return a;
}

// What an analysis of variance of a table says of its mean.
struct TableAnalysis {
  std::vector<double> seed_means, image_means;
  double residual_variance = 0;  // of a single figure, once the means of its seed and image are taken away
};

TableAnalysis analyze(const Table& table) {
  const std::size_t images = table.front().size();
  const auto seeds = static_cast<double>(table.size());
  TableAnalysis analysis;
  analysis.image_means.resize(images);
  analysis.seed_means.reserve(table.size());
  for (const std::vector<double>& row : table) {
    analysis.seed_means.push_back(mean_of(row, std::identity()));
    for (std::size_t image = 0; image < images; ++image) analysis.image_means[image] += row[image] / seeds;
  }
  const double mean = mean_of(analysis.seed_means, std::identity());
  double squares = 0;
  for (std::size_t seed = 0; seed < table.size(); ++seed) {
    for (std::size_t image = 0; image < images; ++image) {
      const double residual =
          table[seed][image] - analysis.seed_means[seed] - analysis.image_means[image] + mean;
      squares += residual * residual;
    }
  }
  analysis.residual_variance = squares / ((seeds - 1) * static_cast<double>(images - 1));
  return analysis;
}

double variance(std::span<const double> values) {
  const double deviation = describe(values).deviation;
  return deviation * deviation;
}

void require_complete(const Correctness& correctness, std::size_t images) {
  const bool complete = std::ranges::all_of(
      correctness, [&](const std::vector<std::uint8_t>& seed) { return seed.size() == images; });
  if (correctness.size() < 2 || images < 2 || !complete)
    throw ConfigError(
        "a test over seeds and images needs two seeds of each method and two images, all crossed");
}

// Tests the sum of the tables' means, each of which has seeds of its own; all have the same images.
MeanTest test_tables(const std::vector<Table>& tables) {
  const std::size_t images = tables.front().front().size();
  const auto n = static_cast<double>(images);
  MeanTest test;
  std::vector<double> image_sums(images);
  double of_seeds = 0, of_residuals = 0, squares = 0;
  for (const Table& table : tables) {
    const TableAnalysis analysis = analyze(table);
    const auto seeds = static_cast<double>(table.size());
    const double of_mean = variance(analysis.seed_means) / seeds;
    test.estimate += mean_of(analysis.seed_means, std::identity());
    of_seeds += of_mean;
    of_residuals += analysis.residual_variance / seeds;
    squares += of_mean * of_mean / (seeds - 1);
    for (std::size_t image = 0; image < images; ++image) image_sums[image] += analysis.image_means[image];
  }
  // The variance of the seeds' means has that of the residuals in it already.
  const double of_images = std::max(0.0, variance(image_sums) - of_residuals) / n;
  squares += of_images * of_images / (n - 1);
  const double total = of_seeds + of_images;
  test.standard_error = std::sqrt(total);
  test.degrees_of_freedom = total > 0 ? total * total / squares : n - 1;
  test.size = tables.front().size();
  test.second_size = tables.size() > 1 ? tables.back().size() : 0;
  return test;
}

}  // namespace

double disagreement(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  require_images(a.size(), b.size());
  std::size_t different = 0;
  for (std::size_t image = 0; image < a.size(); ++image) different += a[image] != b[image] ? 1 : 0;
  return static_cast<double>(different) / static_cast<double>(a.size());
}

McNemarTest test_mcnemar(std::span<const std::uint8_t> labels, std::span<const std::uint8_t> a,
                         std::span<const std::uint8_t> b) {
  require_images(labels.size(), a.size());
  require_images(labels.size(), b.size());
  McNemarTest test;
  for (std::size_t image = 0; image < labels.size(); ++image) {
    const bool a_right = a[image] == labels[image], b_right = b[image] == labels[image];
    test.only_a_right += a_right && !b_right ? 1 : 0;
    test.only_b_right += b_right && !a_right ? 1 : 0;
  }
  const auto coins = static_cast<double>(test.only_a_right + test.only_b_right);
  const auto fewer = static_cast<double>(std::min(test.only_a_right, test.only_b_right));
  if (coins > 0) test.p = std::min(1.0, 2 * boost::math::cdf(boost::math::binomial(coins, 0.5), fewer));
  return test;
}

std::vector<double> class_accuracies(std::span<const std::uint8_t> labels,
                                     std::span<const std::uint8_t> predicted, std::size_t classes) {
  require_images(labels.size(), predicted.size());
  std::vector<std::size_t> images(classes), right(classes);
  for (std::size_t image = 0; image < labels.size(); ++image) {
    const std::size_t label = labels[image];
    if (label >= classes) throw ConfigError("a label is no class");
    ++images[label];
    right[label] += predicted[image] == label ? 1 : 0;
  }
  std::vector<double> accuracies(classes, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t label = 0; label < classes; ++label) {
    if (images[label] > 0)
      accuracies[label] = static_cast<double>(right[label]) / static_cast<double>(images[label]);
  }
  return accuracies;
}

double calibration_error(std::span<const std::uint8_t> labels, const Predictions& predictions) {
  require_probabilities(labels, predictions);
  constexpr std::size_t kBins = 15;
  std::array<double, kBins> excess{};  // of probabilities over right answers, summed over a bin's images
  for (std::size_t image = 0; image < labels.size(); ++image) {
    const double p = predictions.probabilities[image];
    const auto bin = static_cast<std::size_t>(std::max(0.0, std::ceil(p * kBins) - 1));
    excess[bin] += p - (predictions.classes[image] == labels[image] ? 1 : 0);
  }
  double sum = 0;
  for (const double bin : excess) sum += std::abs(bin);
  return sum / static_cast<double>(labels.size());
}

double brier_score(std::span<const std::uint8_t> labels, const Predictions& predictions) {
  require_probabilities(labels, predictions);
  double sum = 0;
  for (std::size_t image = 0; image < labels.size(); ++image) {
    const double error =
        predictions.probabilities[image] - (predictions.classes[image] == labels[image] ? 1 : 0);
    sum += error * error;
  }
  return sum / static_cast<double>(labels.size());
}

MeanTest test_seeds_and_images(const Correctness& a, const Correctness& b, Pairing pairing) {
  const std::size_t images = a.empty() ? 0 : a.front().size();
  require_complete(a, images);
  require_complete(b, images);
  if (pairing == Pairing::paired) {
    if (a.size() != b.size())
      throw ConfigError("a paired test needs as many seeds of one method as of the other");
    return test_tables({as_table(a) - as_table(b)});
  }
  const Table none(b.size(), std::vector<double>(images));
  return test_tables({as_table(a), none - as_table(b)});
}

}  // namespace ltlab
