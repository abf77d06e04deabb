#pragma once

#include <cstdint>

/// SparseProp's kernels (Nikdan et al. 2023, arXiv 2302.04852), compiled from a checkout of
/// IST-DASLab/sparseprop. All arrays are [feature][image], or [channel][y][x][image]; outputs and gradients
/// add to what is there. float32.
namespace sparseprop {

/// CSR: `columns` and `values` of the survivors, row r's from rows[r] on.
struct Linear {
  int batch, inputs, outputs, survivors;
  int *rows, *columns;
  float* values;
};
void forward(const Linear& layer, float* x, float* y);
void backward(const Linear& layer, float* x, float* dy, float* dx, float* gradient);

/// A convolution of stride 1 with square kernels; where its survivors lie, as sparsify() writes it.
struct Convolution {
  int batch, inputs, outputs, height, width, kernel, survivors, padding;
  int* outputs_begin;          // outputs + 1
  std::int16_t* inputs_begin;  // outputs x (inputs + 1)
  std::uint8_t *kernel_y, *kernel_x;
  float* values;
};
void sparsify(const Convolution& layer, float* weights);
void forward(const Convolution& layer, float* x, float* y);
void backward(const Convolution& layer, float* x, float* dy, float* dx, float* gradient);

}  // namespace sparseprop
