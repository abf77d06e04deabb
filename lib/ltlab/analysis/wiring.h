#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ltlab/prune/mask.h"

namespace ltlab {

/// A weight array's extents as seen by paths: units are features, or channels of images.
struct LayerExtents {
  std::size_t outputs = 0;  ///< neurons, or channels of a convolution
  std::size_t inputs = 0;   ///< features, or channels
  std::size_t kernel = 1;   ///< weights that connect one input to one output
};

/// Returns the extents of an (outputs, inputs[, height, width]) array. StoreError for any other.
LayerExtents layer_extents(const Mask& mask);

/// Calls visit(position in mask.keep, output, input) for each survivor.
template <class Visit>
void for_each_survivor(const Mask& mask, const Visit& visit) {
  const auto [outputs, inputs, kernel] = layer_extents(mask);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    if (mask.keep[i]) visit(i, i / (inputs * kernel), i / kernel % inputs);
  }
}

/// What a layer takes: the sum of other layers' outputs, by index, and the images. Where they have unequal
/// numbers of units, those of the smaller are the first ones (shortcuts padded with zeros).
struct Sources {
  std::vector<std::size_t> layers;
  bool images = false;
  bool operator==(const Sources&) const = default;
};

/// What each layer with weights takes. Layers go from input to output, so sources come before. Outputs that
/// no layer takes are the network's.
using Wiring = std::vector<Sources>;

/// Returns the wiring of a chain: each layer takes the outputs of the one before.
Wiring chain_wiring(std::size_t layers);

/// Returns the wiring of a described model (see nn/models.h), whose layers' weights `masks` mask: anything
/// between two layers, such as batch norm and pooling, keeps channels apart. StoreError where the masks are
/// not the model's; ConfigError where the description is malformed.
Wiring model_wiring(const std::string& model, const std::vector<Mask>& masks);

/// Returns how many units the layer `name` of `inputs` inputs takes, given the outputs of each layer: as many
/// as its widest source has, each through one or more inputs (pixels of a channel), or its inputs where it
/// takes images alone. StoreError where its inputs are not a multiple of them.
std::size_t input_units(const std::string& name, std::size_t inputs, const Sources& sources,
                        const std::vector<std::size_t>& outputs);

/// Returns the masks without the weights that are on no path of surviving weights from an input to an output:
/// the rest are the weights that can matter to how outputs depend on inputs (effective sparsity, Vysogorets &
/// Kempe 2023, "Connectivity Matters"). Paths run over whole channels: at an image's border a kernel's weight
/// may be of less use than that. A linear layer may take the pixels of a convolution's channels, channel by
/// channel. StoreError where a layer does not fit its sources.
std::vector<Mask> effective_masks(const std::vector<Mask>& masks, const Wiring& wiring);

}  // namespace ltlab
