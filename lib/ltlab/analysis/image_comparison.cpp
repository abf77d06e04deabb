#include "ltlab/analysis/image_comparison.h"

#include <map>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/store/record_files.h"

namespace ltlab {
namespace {

// The predictions of a variant's networks at a level, by seed.
using BySeed = std::map<std::uint64_t, Predictions>;

BySeed read_all(const Networks& networks, std::size_t images) {
  BySeed predictions;
  for (const auto& [seed, network] : networks) {
    predictions[seed] = read_predictions(network.file).test;
    const std::size_t size = predictions[seed].classes.size();
    if (size == 0)
      throw ConfigError(
          "'" + network.file.string() +
          "' has no predictions: it was trained with --predictions none, or by an earlier version");
    if (size != images)
      throw ConfigError("'" + network.file.string() + "' has predictions of " + std::to_string(size) +
                        " test images, and the data have " + std::to_string(images));
  }
  return predictions;
}

std::vector<std::uint8_t> correct(std::span<const std::uint8_t> labels, const Predictions& predictions) {
  std::vector<std::uint8_t> is_correct(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) is_correct[i] = predictions.classes[i] == labels[i] ? 1 : 0;
  return is_correct;
}

ImageResult describe_networks(const BySeed& own, std::span<const std::uint8_t> labels, std::size_t classes) {
  ImageResult result;
  result.calibration_error =
      mean_of(own, [&](const auto& of_seed) { return calibration_error(labels, of_seed.second); });
  result.brier_score = mean_of(own, [&](const auto& of_seed) { return brier_score(labels, of_seed.second); });
  result.class_accuracies.resize(classes);
  for (const auto& [seed, predictions] : own) {
    const std::vector<double> accuracies = class_accuracies(labels, predictions.classes, classes);
    for (std::size_t c = 0; c < classes; ++c)
      result.class_accuracies[c] += accuracies[c] / static_cast<double>(own.size());
  }
  return result;
}

void compare_with_base(const BySeed& own, const BySeed& base, std::span<const std::uint8_t> labels,
                       ImageResult& result) {
  double apart = 0;
  for (const auto& [seed, predictions] : own) {
    const auto other = base.find(seed);
    if (other == base.end()) continue;
    apart += disagreement(predictions.classes, other->second.classes);
    result.mcnemar.push_back(test_mcnemar(labels, predictions.classes, other->second.classes));
  }
  if (!result.mcnemar.empty()) result.disagreement = apart / static_cast<double>(result.mcnemar.size());
}

// Returns the test over seeds and images; paired where the seeds are.
std::optional<MeanTest> test_beyond_images(const BySeed& own, const BySeed& base,
                                           const Networks& own_networks, const Networks& base_networks,
                                           std::span<const std::uint8_t> labels) {
  const auto accuracy = &VariantNetwork::test_accuracy;
  const bool paired =
      pairs_of(sample_of(own_networks, accuracy), sample_of(base_networks, accuracy)).has_value();
  Correctness a, b;
  for (const auto& [seed, predictions] : own) {
    if (!paired || base.contains(seed)) a.push_back(correct(labels, predictions));
  }
  for (const auto& [seed, predictions] : base) {
    if (!paired || own.contains(seed)) b.push_back(correct(labels, predictions));
  }
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  return test_seeds_and_images(a, b, paired ? Pairing::paired : Pairing::independent);
}

}  // namespace

std::vector<ImageResult> compare_images(const std::vector<Variant>& variants, const Comparison& comparison,
                                        std::span<const std::uint8_t> labels, std::size_t classes) {
  std::vector<ImageResult> results;
  for (std::size_t d = 0; d < comparison.densities.size(); ++d) {
    const auto& row = comparison.densities[d].results;
    const auto networks_of = [&](std::size_t v) -> const Networks& {
      return variants[v].levels.at(row[v]->level);
    };
    const BySeed base = row[0] ? read_all(networks_of(0), labels.size()) : BySeed();
    for (std::size_t v = 0; v < variants.size(); ++v) {
      if (!row[v]) continue;
      const BySeed own = v == 0 ? base : read_all(networks_of(v), labels.size());
      ImageResult& result = results.emplace_back(describe_networks(own, labels, classes));
      result.variant = v;
      result.density = d;
      if (v == 0 || base.empty()) continue;
      compare_with_base(own, base, labels, result);
      result.difference = test_beyond_images(own, base, networks_of(v), networks_of(0), labels);
    }
  }
  return results;
}

}  // namespace ltlab
