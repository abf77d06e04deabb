#include "ltlab/analysis/mask_structure.h"

#include <algorithm>
#include <cmath>

#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"

namespace ltlab {
namespace {

double fraction(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

void require_shape(const Mask& mask, const Shape& shape, const std::string& what) {
  if (mask.shape != shape) throw StoreError(what + " and the mask of '" + mask.name + "' differ in shape");
}

// Returns the probability that a `block` out of `size` has none of `survivors` at random places.
double empty_by_chance(std::size_t size, std::size_t survivors, std::size_t block) {
  double probability = 1;
  for (std::size_t i = 0; i < block; ++i) probability *= std::max(0.0, 1.0 - fraction(survivors, size - i));
  return probability;
}

// Counts whole blocks only: a margin that does not fill one is left out.
BlockStructure block_structure(const Mask& mask, std::size_t height, std::size_t width) {
  const std::size_t rows = mask.shape[0], columns = mask.size() / rows;
  const std::size_t down = rows / height, across = columns / width;
  std::vector<std::uint8_t> occupied(down * across, 0);
  for (std::size_t r = 0; r < down * height; ++r) {
    for (std::size_t c = 0; c < across * width; ++c)
      occupied[r / height * across + c / width] |= mask.keep[r * columns + c];
  }
  const auto empty = static_cast<std::size_t>(std::count(occupied.begin(), occupied.end(), 0));
  return {height, width, fraction(empty, occupied.size()),
          empty_by_chance(mask.size(), mask.survivors(), height * width)};
}

// Blocks larger than the array are left out.
std::vector<BlockStructure> block_structures(const Mask& mask, const LayerExtents& extents) {
  std::vector<std::pair<std::size_t, std::size_t>> sizes{{1, 16}, {16, 1}, {4, 4}};
  if (extents.kernel > 1) sizes.emplace_back(1, extents.kernel);
  std::vector<BlockStructure> blocks;
  for (const auto& [height, width] : sizes) {
    if (height <= extents.outputs && width <= extents.inputs * extents.kernel)
      blocks.push_back(block_structure(mask, height, width));
  }
  return blocks;
}

std::size_t zeros(const std::vector<std::size_t>& degrees) {
  return static_cast<std::size_t>(std::count(degrees.begin(), degrees.end(), 0));
}

void count_degrees(const Mask& mask, std::vector<std::size_t>& outputs, std::vector<std::size_t>& inputs) {
  const LayerExtents extents = layer_extents(mask);
  outputs.assign(extents.outputs, 0);
  inputs.assign(extents.inputs, 0);
  for_each_survivor(mask, [&](std::size_t, std::size_t output, std::size_t input) {
    ++outputs[output];
    ++inputs[input];
  });
}

LayerStructure describe_layer(const Mask& mask) {
  LayerStructure layer;
  layer.name = mask.name;
  layer.shape = mask.shape;
  layer.size = mask.size();
  layer.survivors = mask.survivors();
  count_degrees(mask, layer.output_degrees, layer.input_degrees);
  layer.dead_outputs = zeros(layer.output_degrees);
  layer.dead_inputs = zeros(layer.input_degrees);
  layer.blocks = block_structures(mask, layer_extents(mask));
  return layer;
}

void describe_paths(const Mask& effective, LayerStructure& layer) {
  std::vector<std::size_t> outputs, inputs;
  count_degrees(effective, outputs, inputs);
  layer.effective_survivors = effective.survivors();
  layer.dead_neurons = zeros(outputs);
}

}  // namespace

double LayerStructure::density() const {
  return fraction(survivors, size);
}

std::optional<double> LayerStructure::effective_density() const {
  return effective_survivors ? std::optional(fraction(*effective_survivors, size)) : std::nullopt;
}

std::vector<LayerStructure> mask_structure(const std::vector<Mask>& masks,
                                           const std::optional<Wiring>& wiring) {
  std::vector<LayerStructure> layers;
  layers.reserve(masks.size());
  for (const Mask& mask : masks) layers.push_back(describe_layer(mask));
  if (!wiring) return layers;
  const std::vector<Mask> effective = effective_masks(masks, *wiring);
  for (std::size_t l = 0; l < masks.size(); ++l) describe_paths(effective[l], layers[l]);
  return layers;
}

std::optional<WeightStatistics> weight_statistics(const Mask& mask, const Tensor& weights) {
  require_shape(mask, weights.shape, "weights");
  std::vector<double> values;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) values.push_back(weights.values[i]);
  }
  if (values.empty()) return std::nullopt;
  const SampleStatistics sample = describe(values);
  const auto [least, greatest] = std::ranges::minmax(values, {}, [](double v) { return std::abs(v); });
  const auto positive = std::count_if(values.begin(), values.end(), [](double v) { return v > 0; });
  return WeightStatistics{sample.mean, sample.deviation, std::abs(least), std::abs(greatest),
                          fraction(static_cast<std::size_t>(positive), values.size())};
}

std::optional<double> sign_agreement(const Mask& mask, const Tensor& a, const Tensor& b) {
  require_shape(mask, a.shape, "weights");
  require_shape(mask, b.shape, "weights");
  std::size_t survivors = 0, agreeing = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    survivors += mask.keep[i];
    agreeing += mask.keep[i] && std::signbit(a.values[i]) == std::signbit(b.values[i]);
  }
  return survivors == 0 ? std::nullopt : std::optional(fraction(agreeing, survivors));
}

std::optional<double> pruning_threshold(const Mask& before, const Tensor& trained, const Mask& after) {
  require_shape(before, trained.shape, "weights");
  require_shape(before, after.shape, "the level before");
  std::optional<double> threshold;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before.keep[i] && !after.keep[i])
      threshold = std::max(threshold.value_or(0), std::abs(static_cast<double>(trained.values[i])));
  }
  return threshold;
}

Histogram histogram(const std::vector<double>& values, std::size_t bins) {
  if (values.empty()) return {0, 0, std::vector<std::size_t>(bins, 0)};
  const auto [least, greatest] = std::ranges::minmax(values);
  Histogram result{least, greatest, std::vector<std::size_t>(bins, 0)};
  const double width = (greatest - least) / static_cast<double>(bins);
  for (const double value : values) {
    const double bin = width > 0 ? (value - least) / width : 0;
    ++result.counts[std::min(bins - 1, static_cast<std::size_t>(bin))];
  }
  return result;
}

Histogram degree_histogram(const std::vector<std::size_t>& degrees, std::size_t most_bins) {
  if (degrees.empty()) return {};
  const auto [least, greatest] = std::ranges::minmax(degrees);
  const std::size_t range = greatest - least, width = range / most_bins + 1;
  Histogram result{static_cast<double>(least), static_cast<double>(greatest),
                   std::vector<std::size_t>(range / width + 1, 0)};
  for (const std::size_t degree : degrees) ++result.counts[(degree - least) / width];
  return result;
}

}  // namespace ltlab
