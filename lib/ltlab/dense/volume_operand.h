#pragma once

#include <cstddef>
#include <dnnl.hpp>

#include "ltlab/base/activations.h"
#include "ltlab/base/convolution_shape.h"
#include "ltlab/dense/channel_blocks.h"

// oneDNN computes a convolution of volumes: it sees a panel of 16 images as one volume [channel][y][x][lane],
// and the kernel has extent 1 along the lanes. This is as fast as a convolution of images, or faster where
// those are small, since its kernels always find 16 neighbours to compute at a time. Images need not be
// separated: a conversion gathers the channels of one position, which are next to it. Where oneDNN has no
// code of its own for such a volume (AVX2's gradients of weights: it would unfold it for a general product
// and take three times as long), the lanes are the volume's depth, [channel][lane][y][x], and the kernel has
// extent 1 there.
namespace ltlab {

constexpr std::size_t kLanes = kLaneMultiple;
constexpr auto kFloat = dnnl::memory::data_type::f32;

/// A run of the caller's activations, of which `block` channels lie side by side (1: none do).
struct CallersRun {
  PanelRun panels;
  std::size_t block = 1;
};

/// The axis of oneDNN's volumes that the lanes are.
enum class Lanes { width, depth };

dnnl::memory::dim dim(std::size_t n);
/// Returns the extents of the volumes of a run, or of the weights.
dnnl::memory::dims extents(const CallersRun& run, Lanes lanes);
dnnl::memory::dims weights_extents(const ConvolutionShape& shape, Lanes lanes);
dnnl::memory::desc weights_layout(const ConvolutionShape& shape, Lanes lanes);
dnnl::memory::desc bias_layout(const ConvolutionShape& shape);

void point_to(dnnl::memory& to, const float* values);

/// What a primitive does with an operand; `add` adds to what the caller's array holds.
enum class Use { read, write, add };

/// An operand of a primitive: the caller's array and, where the primitive wants another layout, a copy of it.
class VolumeOperand {
 public:
  /// `room` is for the copy; operands that are not in use at the same time may share it.
  VolumeOperand(Use use, const dnnl::memory::desc& callers, const dnnl::memory::desc& wanted,
                AlignedVector<float>& room, const dnnl::engine& engine);
  /// Takes activations, whose usual layouts have something faster than oneDNN's reorder.
  VolumeOperand(Use use, const CallersRun& run, Lanes lanes, const dnnl::memory::desc& wanted,
                AlignedVector<float>& room, const dnnl::engine& engine);

  /// Returns the memory to give the primitive for the caller's `values`, before it reads or writes.
  dnnl::memory& place(const float* values);
  dnnl::memory& load(const float* values, const dnnl::stream& stream);
  /// Copies what the primitive wrote to the caller's array that place() was called with.
  void store(float* values, const dnnl::stream& stream);

 private:
  dnnl::memory callers_, wanted_;  // the same object if the layouts agree
  AlignedVector<float>* room_;
  dnnl::reorder reorder_;          // null if they agree
  PanelRun run_;                   // of activations to be converted
  std::size_t channel_block_ = 0;  // to or from blocks of so many channels
};

}  // namespace ltlab
