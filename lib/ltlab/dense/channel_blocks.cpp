#include "ltlab/dense/channel_blocks.h"

#include <dnnl.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ltlab/dense/channel_blocks.cpp"
#include <hwy/foreach_target.h>  // compiles this file once a target
#include <hwy/highway.h>

// oneDNN's own reorder does the same in any layout, but for small images within a border it takes two to
// seven times as long.
HWY_BEFORE_NAMESPACE();
namespace ltlab::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kTile = 4;

#if HWY_TARGET == HWY_SCALAR
void transpose_tile(const float* from, std::size_t from_row, float* to, std::size_t to_row) {
  for (std::size_t i = 0; i < kTile; ++i)
    for (std::size_t j = 0; j < kTile; ++j) to[j * to_row + i] = from[i * from_row + j];
}
#else
// Registers of 128 bits are enough: memory limits the speed, and wider ones were measured no faster.
HWY_INLINE void transpose_tile(const float* HWY_RESTRICT from, std::size_t from_row, float* HWY_RESTRICT to,
                               std::size_t to_row) {
  const hn::FixedTag<float, kTile> d;
  const auto a = hn::Load(d, from), b = hn::Load(d, from + from_row), c = hn::Load(d, from + 2 * from_row),
             e = hn::Load(d, from + 3 * from_row);
  const auto ac_low = hn::InterleaveLower(d, a, c), ac_high = hn::InterleaveUpper(d, a, c),
             be_low = hn::InterleaveLower(d, b, e), be_high = hn::InterleaveUpper(d, b, e);
  hn::Store(hn::InterleaveLower(d, ac_low, be_low), d, to);
  hn::Store(hn::InterleaveUpper(d, ac_low, be_low), d, to + to_row);
  hn::Store(hn::InterleaveLower(d, ac_high, be_high), d, to + 2 * to_row);
  hn::Store(hn::InterleaveUpper(d, ac_high, be_high), d, to + 3 * to_row);
}
#endif

// Calls body(offset of the lanes of a block's first channel, offset of the same block when blocked) for each
// position.
template <class Body>
HWY_INLINE void each_position(const PanelRun& run, std::size_t block, const Body& body) {
  const ActivationShape& shape = run.shape;
  std::size_t blocked = 0;
  for (std::size_t p = 0; p < run.panels; ++p)
    for (std::size_t c = 0; c < shape.image.channels; c += block)
      for (std::size_t y = 0; y < shape.image.height; ++y) {
        const std::size_t row = p * shape.panel_size() +
                                (c * shape.channel_positions() + y * shape.row_positions()) * shape.lanes;
        for (std::size_t x = 0; x < shape.image.width; ++x, blocked += block * run.lanes)
          body(row + x * shape.lanes, blocked);
      }
}

void gather(const PanelRun& run, std::size_t block, const float* from, float* to) {
  const std::size_t channel = run.shape.channel_positions() * run.shape.lanes;
  each_position(run, block, [&](std::size_t plain, std::size_t blocked) HWY_ATTR {
    for (std::size_t c = 0; c < block; c += kTile)
      for (std::size_t l = 0; l < run.lanes; l += kTile)
        transpose_tile(from + plain + c * channel + l, channel, to + blocked + l * block + c, block);
  });
}

void scatter(const PanelRun& run, std::size_t block, const float* from, float* to) {
  const std::size_t channel = run.shape.channel_positions() * run.shape.lanes;
  each_position(run, block, [&](std::size_t plain, std::size_t blocked) HWY_ATTR {
    for (std::size_t c = 0; c < block; c += kTile)
      for (std::size_t l = 0; l < run.lanes; l += kTile)
        transpose_tile(from + blocked + l * block + c, block, to + plain + c * channel + l, channel);
  });
}

}  // namespace ltlab::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ltlab {

HWY_EXPORT(gather);
HWY_EXPORT(scatter);

std::size_t dense_channel_block() {
  return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core ? 16 : 8;
}

ActivationShape in_channel_blocks(const ActivationShape& shape, std::size_t block) {
  const ImageShape& image = shape.image;
  const std::size_t lanes = shape.panels() == 1 ? (shape.batch + 3) / 4 * 4 : shape.lanes;
  return {{image.channels / block, image.height, image.width}, shape.batch * block, lanes * block, 0};
}

void gather_channel_blocks(const PanelRun& run, std::size_t block, const float* from, float* to) {
  HWY_DYNAMIC_DISPATCH(gather)(run, block, from, to);
}

void scatter_channel_blocks(const PanelRun& run, std::size_t block, const float* from, float* to) {
  HWY_DYNAMIC_DISPATCH(scatter)(run, block, from, to);
}

}  // namespace ltlab
#endif  // HWY_ONCE
