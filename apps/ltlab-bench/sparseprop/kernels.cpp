#include "sparseprop/kernels.h"

// Their sources, which have no headers.
#include "sparseprop/lib/sparse_conv2d.cpp"
#include "sparseprop/lib/sparse_linear.cpp"
#include "sparseprop/lib/utils.cpp"

namespace sparseprop {

void forward(const Linear& l, float* x, float* y) {
  sparse_linear_vectorized_forward(l.batch, l.inputs, l.outputs, l.survivors, x, l.rows, l.columns, l.values,
                                   y);
}

void backward(const Linear& l, float* x, float* dy, float* dx, float* gradient) {
  sparse_linear_vectorized_backward(l.batch, l.inputs, l.outputs, l.survivors, x, l.rows, l.columns, l.values,
                                    dy, dx, gradient);
}

void sparsify(const Convolution& c, float* weights) {
  sparsify_conv2d(c.inputs, c.outputs, c.kernel, weights, c.outputs_begin, c.inputs_begin, c.kernel_y,
                  c.kernel_x, c.values);
}

void forward(const Convolution& c, float* x, float* y) {
  sparse_conv2d_vectorized_forward_stride_1(c.batch, c.inputs, c.outputs, c.height, c.width, c.kernel,
                                            c.survivors, c.padding, x, c.outputs_begin, c.inputs_begin,
                                            c.kernel_y, c.kernel_x, c.values, y);
}

void backward(const Convolution& c, float* x, float* dy, float* dx, float* gradient) {
  sparse_conv2d_vectorized_backward_stride_1(c.batch, c.inputs, c.outputs, c.height, c.width, c.kernel,
                                             c.survivors, c.padding, x, c.outputs_begin, c.inputs_begin,
                                             c.kernel_y, c.kernel_x, c.values, dy, dx, gradient);
}

}  // namespace sparseprop
