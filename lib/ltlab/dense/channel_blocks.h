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

/// Returns how many channels dense convolutions on this processor want side by side: a register's floats.
std::size_t dense_channel_block();

/// Returns `shape`, of kLaneMultiple lanes, in the layout that dense convolutions want, without border:
/// `block` channels of each position lie side by side, [panel][channel / block][y][x][lane][channel % block].
/// A lone panel keeps only the lanes that hold images, rounded up to a multiple of 4. Code that treats all
/// lanes and channels alike (pooling, ReLU) sees `block` times as many images of so many fewer channels. The
/// channels must be a multiple of `block`.
ActivationShape in_channel_blocks(const ActivationShape& shape, std::size_t block);

/// Copies activations into that layout, [panel][channel / block][y][x][lane][channel % block]. `from` is the
/// first row of the first panel; the channels must be a multiple of `block`, which must be one of 4.
void gather_channel_blocks(const PanelRun& run, std::size_t block, const float* from, float* to);
/// Copies them back; borders and lanes not in the run stay as they are.
void scatter_channel_blocks(const PanelRun& run, std::size_t block, const float* from, float* to);

}  // namespace ltlab
