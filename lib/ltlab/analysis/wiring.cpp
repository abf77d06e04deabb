#include "ltlab/analysis/wiring.h"

#include <algorithm>
#include <functional>
#include <string>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

using Units = std::vector<std::uint8_t>;  // 1 = on a path

// The unit of a source to which an input of a layer belongs: itself, or the channel whose pixel it is.
std::size_t unit_of(std::size_t input, std::size_t inputs, std::size_t units) {
  return input / (inputs / units);
}

// Calls visit(position in `keep`, output, input) for each survivor.
template <class Visit>
void for_each_survivor(const Mask& mask, const Visit& visit) {
  const auto [outputs, inputs, kernel] = layer_extents(mask);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) visit(i, i / (inputs * kernel), i / kernel % inputs);
  }
}

// Which inputs of layer `l` depend on the network's inputs, given which units of the layers before do.
Units reached_inputs(const std::vector<Mask>& masks, const Wiring& wiring, std::size_t l,
                     const std::vector<Units>& reached) {
  const std::size_t inputs = layer_extents(masks[l]).inputs;
  Units result(inputs, wiring[l].empty());
  for (const std::size_t source : wiring[l]) {
    for (std::size_t i = 0; i < inputs; ++i)
      result[i] |= reached[source][unit_of(i, inputs, reached[source].size())];
  }
  return result;
}

}  // namespace

LayerExtents layer_extents(const Mask& mask) {
  if (mask.shape.size() == 2) return {mask.shape[0], mask.shape[1], 1};
  if (mask.shape.size() == 4) return {mask.shape[0], mask.shape[1], mask.shape[2] * mask.shape[3]};
  throw StoreError("mask of '" + mask.name + "' has " + std::to_string(mask.shape.size()) +
                   " axes; weights have 2 (linear) or 4 (convolution)");
}

Wiring chain(const std::vector<Mask>& masks) {
  Wiring wiring(masks.size());
  for (std::size_t l = 1; l < masks.size(); ++l) {
    const std::size_t units = layer_extents(masks[l - 1]).outputs, inputs = layer_extents(masks[l]).inputs;
    if (units == 0 || inputs % units != 0) {
      throw StoreError("'" + masks[l].name + "' takes " + std::to_string(inputs) +
                       " inputs, which are no multiple of the " + std::to_string(units) + " outputs of '" +
                       masks[l - 1].name + "': the layers are no chain");
    }
    wiring[l] = {l - 1};
  }
  return wiring;
}

std::vector<Mask> effective_masks(const std::vector<Mask>& masks, const Wiring& wiring) {
  std::vector<Units> inputs, reached, used;  // of each layer: inputs and outputs reached, outputs used
  for (std::size_t l = 0; l < masks.size(); ++l) {
    inputs.push_back(reached_inputs(masks, wiring, l, reached));
    reached.emplace_back(layer_extents(masks[l]).outputs, 0);
    for_each_survivor(masks[l],
                      [&](std::size_t, std::size_t o, std::size_t i) { reached[l][o] |= inputs[l][i]; });
    used.emplace_back(reached[l].size(), 1);
  }
  for (const auto& sources : wiring) {
    for (const std::size_t source : sources) used[source].assign(used[source].size(), 0);
  }
  std::vector<Mask> result = masks;
  for (std::size_t l = masks.size(); l-- > 0;) {
    const std::size_t width = inputs[l].size();
    for_each_survivor(masks[l], [&](std::size_t position, std::size_t o, std::size_t i) {
      if (!used[l][o]) result[l].keep[position] = 0;
      for (const std::size_t source : wiring[l])
        used[source][unit_of(i, width, used[source].size())] |= used[l][o];
      if (!inputs[l][i]) result[l].keep[position] = 0;
    });
  }
  return result;
}

}  // namespace ltlab
