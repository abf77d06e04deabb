#pragma once

#include <cstddef>

#include "ltlab/kernels/activation.h"
#include "ltlab/kernels/sparse_rows.h"

namespace ltlab {

/// A run of positions whose outputs are computed together: neighbours in a row of an image, or the panels of
/// a batch. Steps and sizes in floats. Every address must be aligned to kLaneMultiple values.
struct PositionRun {
  std::size_t positions = 1;
  std::size_t lanes = 16;                ///< values at each position, contiguous: 16, 32 or 64
  std::size_t x_step = 16, y_step = 16;  ///< from one position to the next, in the inputs and the outputs
  std::size_t y_row = 16;                ///< from one output row to the next
  std::size_t gate_step = 16, gate_row = 16;  ///< the same in the gate, if there is one
  /// Where the next tile begins to read, so that it can be prefetched: in each of `x_channels` groups of
  /// inputs, `x_channel` apart, the values from `x_frontier` past the last position on.
  std::size_t x_channels = 0, x_channel = 0, x_frontier = 0;
};

/// The kernel under all sparse products. For each position j of the run, lane l and row r,
///
///     y[r * y_row + j * y_step + l] = f(bias[r] + sum over r's survivors k of
///                                       values[k] * x[position(k) * lanes + j * x_step + l]).
///
/// `bias` may be null. If `gate` is not null, an output becomes 0 where gate[r * gate_row + j * gate_step +
/// l] is not positive, which turns the gradient of a ReLU's output into that of its input. T is float or
/// double. The instruction set is chosen at run time. A value does not depend on the contents of other lanes
/// or positions.
template <class T>
void multiply_rows(const SparseRows& rows, const T* values, const T* bias, Activation activation, const T* x,
                   T* y, const T* gate, const PositionRun& run);

/// Computes gradient[k] = (accumulate ? gradient[k] : 0) + sum over j, l of dy[row(k) * y_row + j * y_step +
/// l] * x[position(k) * lanes + j * x_step + l]: a sampled dense-dense product (SDDMM). Values of dy in
/// padding lanes must be zero.
template <class T>
void sample_products(const SparseRows& rows, const T* dy, const T* x, bool accumulate, T* gradient,
                     const PositionRun& run);

/// Returns the instruction set that the kernels use on this processor: "AVX3", "AVX2", "SSE4", "NEON", ...
const char* simd_target();

}  // namespace ltlab
