#include "ltlab/analysis/wiring.h"

#include <algorithm>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/nn/model_text.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

using Units = std::vector<std::uint8_t>;  // 1 = on a path

bool at(const Units& units, std::size_t unit) {
  return unit < units.size() && units[unit] != 0;
}

// Returns which inputs of a layer, so many for each unit, depend on the images, of so many channels, given
// which units of the layers before do.
Units reached_inputs(const Mask& mask, const Sources& sources, std::size_t inputs_per_unit,
                     const std::vector<Units>& reached, std::size_t image_channels) {
  Units result(layer_extents(mask).inputs, 0);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::size_t unit = i / inputs_per_unit;
    result[i] = sources.images && (sources.layers.empty() || unit < image_channels);
    for (const std::size_t source : sources.layers) result[i] |= at(reached[source], unit);
  }
  return result;
}

// Returns the index of a layer's weights among the masks.
std::size_t mask_of(const std::string& layer, const std::vector<Mask>& masks, const std::string& model) {
  const Mask* mask = find_named(masks, layer + ".weight");
  if (mask) return static_cast<std::size_t>(mask - masks.data());
  throw StoreError("there is no mask of '" + layer + ".weight', which model '" + model + "' has");
}

void merge(Sources& sources, const Sources& others) {
  sources.layers.insert(sources.layers.end(), others.layers.begin(), others.layers.end());
  sources.images |= others.images;
}

}  // namespace

LayerExtents layer_extents(const Mask& mask) {
  if (mask.shape.size() == 2) return {mask.shape[0], mask.shape[1], 1};
  if (mask.shape.size() == 4) return {mask.shape[0], mask.shape[1], mask.shape[2] * mask.shape[3]};
  throw StoreError("mask of '" + mask.name + "' has " + std::to_string(mask.shape.size()) +
                   " axes; weights have 2 (linear) or 4 (convolution)");
}

std::size_t input_units(const std::string& name, std::size_t inputs, const Sources& sources,
                        const std::vector<std::size_t>& outputs) {
  if (sources.layers.empty()) return inputs;
  std::size_t units = 0;
  for (const std::size_t source : sources.layers) units = std::max(units, outputs[source]);
  if (units != 0 && inputs % units == 0) return units;
  throw StoreError("'" + name + "' takes " + std::to_string(inputs) +
                   " inputs, which are no multiple of the " + std::to_string(units) +
                   " outputs before: the masks are not those of the model");
}

Wiring chain_wiring(std::size_t layers) {
  Wiring wiring(layers);
  for (std::size_t l = 0; l < layers; ++l) wiring[l] = l == 0 ? Sources{{}, true} : Sources{{l - 1}, false};
  return wiring;
}

Wiring model_wiring(const std::string& model, const std::vector<Mask>& masks) {
  const ModelText text = parse_model_text(model_text(model));
  Wiring wiring(masks.size());
  Sources current{{}, true};
  std::vector<Sources> given(text.layers.size());  // the sources that a shortcut passes on
  for (std::size_t i = 0; i < text.layers.size(); ++i) {
    const ModelText::Layer& layer = text.layers[i];
    given[i] = current;
    if (layer.kind == ModelText::Layer::Kind::convolution || layer.kind == ModelText::Layer::Kind::linear) {
      const std::size_t index = mask_of(layer.name, masks, model);
      wiring[index] = std::exchange(current, {{index}, false});
    }
    if (layer.adds_shortcut) merge(current, given[layer.shortcut]);
  }
  return wiring;
}

std::vector<Mask> effective_masks(const std::vector<Mask>& masks, const Wiring& wiring) {
  std::vector<std::size_t> widths, inputs_per_unit;  // of each layer: its units, the pixels of those it takes
  std::vector<Units> inputs, reached, used;  // of each layer: inputs and outputs reached, outputs used
  for (std::size_t l = 0; l < masks.size(); ++l) {
    const std::size_t taken = layer_extents(masks[l]).inputs;
    inputs_per_unit.push_back(taken / input_units(masks[l].name, taken, wiring[l], widths));
    widths.push_back(layer_extents(masks[l]).outputs);
    const std::size_t image_channels = layer_extents(masks.front()).inputs;  // which has no layer before it
    inputs.push_back(reached_inputs(masks[l], wiring[l], inputs_per_unit[l], reached, image_channels));
    reached.emplace_back(widths[l], 0);
    for_each_survivor(masks[l],
                      [&](std::size_t, std::size_t o, std::size_t i) { reached[l][o] |= inputs[l][i]; });
    used.emplace_back(widths[l], 1);
  }
  for (const Sources& sources : wiring) {
    for (const std::size_t source : sources.layers) used[source].assign(used[source].size(), 0);
  }
  std::vector<Mask> result = masks;
  for (std::size_t l = masks.size(); l-- > 0;) {
    for_each_survivor(masks[l], [&](std::size_t position, std::size_t o, std::size_t i) {
      result[l].keep[position] = used[l][o] & inputs[l][i];
      if (!used[l][o]) return;
      const std::size_t unit = i / inputs_per_unit[l];
      for (const std::size_t source : wiring[l].layers) {
        if (unit < widths[source]) used[source][unit] = 1;
      }
    });
  }
  return result;
}

}  // namespace ltlab
