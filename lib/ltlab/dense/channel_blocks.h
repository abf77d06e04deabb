#pragma once

#include <cstddef>

#include "ltlab/base/activations.h"

namespace ltlab {

/// Some panels of a batch, or the first lanes of one panel.
struct PanelRun {
  ActivationShape shape;  ///< of the whole batch
  std::size_t panels = 1;
  std::size_t lanes = kLaneMultiple;  ///< a multiple of 4
};

/// Copies activations into the layout that convolutions want,
/// [panel][channel / block][y][x][lane][channel % block], without borders. `from` is the first row of the
/// first panel; the channels must be a multiple of `block`, which must be one of 4.
void gather_channel_blocks(const PanelRun& run, std::size_t block, const float* from, float* to);
/// The reverse; borders and lanes not in the run stay as they are.
void scatter_channel_blocks(const PanelRun& run, std::size_t block, const float* from, float* to);

}  // namespace ltlab
