#pragma once

#include <cstddef>
#include <vector>

#include "ltlab/prune/mask.h"

namespace ltlab {

/// A weight array's extents as paths see them: units are features, or channels of images.
struct LayerExtents {
  std::size_t outputs = 0;  ///< neurons, or channels of a convolution
  std::size_t inputs = 0;   ///< features, or channels
  std::size_t kernel = 1;   ///< weights that connect one input to one output
};

/// Extents of an array (outputs, inputs) or (outputs, inputs, height, width). StoreError where it is neither.
LayerExtents layer_extents(const Mask& mask);

/// Which layers' outputs each layer takes, by index: those of all `wiring[l]` added up, or the network's
/// inputs where there are none. Layers go from input to output, so sources come before. Outputs that no layer
/// takes are the network's.
using Wiring = std::vector<std::vector<std::size_t>>;

/// The wiring of a chain: each layer takes the outputs of the one before. A linear layer may take the pixels
/// of a convolution's channels, channel by channel. StoreError where a layer does not fit the one before.
Wiring chain(const std::vector<Mask>& masks);

/// The masks without the weights that are on no path of surviving weights from an input to an output: what is
/// left are the weights that can matter to how outputs depend on inputs (effective sparsity, Vysogorets &
/// Kempe 2023, "Connectivity Matters"). Paths run over whole channels: at an image's border a kernel's weight
/// may be of less use than that.
std::vector<Mask> effective_masks(const std::vector<Mask>& masks, const Wiring& wiring);

}  // namespace ltlab
