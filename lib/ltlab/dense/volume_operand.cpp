#include "ltlab/dense/volume_operand.h"

#include <algorithm>

namespace ltlab {
namespace {

using dnnl::memory;

// Extents of a volume, or strides in it: two outer axes, then those of an image and of the lanes.
memory::dims axes(Lanes lanes, std::size_t outermost, std::size_t outer, std::size_t height,
                  std::size_t width, std::size_t lane) {
  if (lanes == Lanes::depth) return {dim(outermost), dim(outer), dim(lane), dim(height), dim(width)};
  return {dim(outermost), dim(outer), dim(height), dim(width), dim(lane)};
}

// Returns the layout with the lanes innermost but for a block of channels.
memory::desc blocked_layout(const CallersRun& run, std::size_t block, Lanes lanes) {
  using Tag = memory::format_tag;
  if (lanes == Lanes::depth) return {extents(run, lanes), kFloat, block == 16 ? Tag::aBdec16b : Tag::aBdec8b};
  return {extents(run, lanes), kFloat, block == 16 ? Tag::nCdhw16c : Tag::nCdhw8c};
}

// Returns the caller's layout of activations, from the first position within the border on.
memory::desc callers_layout(const CallersRun& of, Lanes lanes) {
  if (of.block > 1) return blocked_layout(of, of.block, lanes);
  const ActivationShape& shape = of.panels.shape;
  return {extents(of, lanes), kFloat,
          axes(lanes, shape.panel_size(), shape.channel_positions() * kLanes, shape.row_positions() * kLanes,
               kLanes, 1)};
}

}  // namespace

memory::dim dim(std::size_t n) {
  return static_cast<memory::dim>(n);
}

memory::dims extents(const CallersRun& run, Lanes lanes) {
  const ImageShape& image = run.panels.shape.image;
  return axes(lanes, run.panels.panels, image.channels * run.block, image.height, image.width,
              run.panels.lanes);
}

memory::dims weights_extents(const ConvolutionShape& shape, Lanes lanes) {
  return axes(lanes, shape.outputs, shape.input.channels, shape.kernel_height, shape.kernel_width, 1);
}

memory::desc weights_layout(const ConvolutionShape& shape, Lanes lanes) {
  return {weights_extents(shape, lanes), kFloat, memory::format_tag::oidhw};
}

memory::desc bias_layout(const ConvolutionShape& shape) {
  return {{dim(shape.outputs)}, kFloat, memory::format_tag::a};
}

void point_to(memory& to, const float* values) {
  // oneDNN takes no pointers to constants, not even where it only reads.
  auto* handle = const_cast<float*>(values);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (to.get_data_handle() != handle) to.set_data_handle(handle);
}

VolumeOperand::VolumeOperand(Use use, const memory::desc& callers, const memory::desc& wanted,
                             AlignedVector<float>& room, const dnnl::engine& engine)
    : callers_(callers, engine, nullptr), wanted_(callers_), room_(&room) {
  if (wanted == callers && use != Use::add) return;
  room.resize(std::max(room.size(), wanted.get_size() / sizeof(float)));
  wanted_ = memory(wanted, engine, nullptr);
  dnnl::post_ops after;
  if (use == Use::add) after.append_sum(1.0f);
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  reorder_ =
      use == Use::read ? dnnl::reorder(callers_, wanted_) : dnnl::reorder(wanted_, callers_, attributes);
}

VolumeOperand::VolumeOperand(Use use, const CallersRun& run, Lanes lanes, const memory::desc& wanted,
                             AlignedVector<float>& room, const dnnl::engine& engine)
    : VolumeOperand(use, callers_layout(run, lanes), wanted, room, engine) {
  if (run.block > 1) return;
  run_ = run.panels;
  for (const std::size_t block : {8, 16})
    if (run_.shape.image.channels % block == 0 && wanted == blocked_layout(run, block, lanes))
      channel_block_ = block;
}

memory& VolumeOperand::place(const float* values) {
  point_to(callers_, values);
  if (reorder_) point_to(wanted_, room_->data());
  return wanted_;
}

memory& VolumeOperand::load(const float* values, const dnnl::stream& stream) {
  place(values);
  if (channel_block_ > 0)
    gather_channel_blocks(run_, channel_block_, values, room_->data());
  else if (reorder_)
    reorder_.execute(stream, callers_, wanted_);
  return wanted_;
}

void VolumeOperand::store(float* values, const dnnl::stream& stream) {
  if (channel_block_ > 0)
    scatter_channel_blocks(run_, channel_block_, room_->data(), values);
  else if (reorder_)
    reorder_.execute(stream, wanted_, callers_);
}

}  // namespace ltlab
