#include "ltlab/kernels/sparse_linear.h"

namespace ltlab {
namespace {

// The panels of a batch are the positions of a linear layer's run.
template <class T>
Run over_panels(const Activations<T>& x, const Activations<T>& y) {
  return {y.panels(), y.lanes(), x.shape().panel_size(), y.shape().panel_size(), y.lanes()};
}

}  // namespace

template <class T>
void sparse_multiply(const SparseRows& rows, const T* values, const T* bias, Activation activation,
                     const Activations<T>& x, Activations<T>& y) {
  multiply_rows(rows, values, bias, activation, x.data(), y.data(), over_panels(x, y));
}

template <class T>
void sparse_weight_gradient(const SparseRows& rows, const Activations<T>& dy, const Activations<T>& x,
                            bool accumulate, T* gradient) {
  sample_products(rows, dy.data(), x.data(), accumulate, gradient, over_panels(x, dy));
}

template void sparse_multiply(const SparseRows&, const float*, const float*, Activation,
                              const Activations<float>&, Activations<float>&);
template void sparse_multiply(const SparseRows&, const double*, const double*, Activation,
                              const Activations<double>&, Activations<double>&);
template void sparse_weight_gradient(const SparseRows&, const Activations<float>&, const Activations<float>&,
                                     bool, float*);
template void sparse_weight_gradient(const SparseRows&, const Activations<double>&,
                                     const Activations<double>&, bool, double*);

}  // namespace ltlab
