#include "ltlab/kernels/sparse_linear.h"

namespace ltlab {
namespace {

// The panels of a batch are the positions of a linear layer's run.
template <class T>
PositionRun over_panels(const Activations<T>& x, const Activations<T>& y) {
  const std::size_t lanes = y.lanes(), x_panel = x.shape().panel_size(), y_panel = y.shape().panel_size();
  return {y.panels(), lanes, x_panel, y_panel, lanes, y_panel, lanes};
}

}  // namespace

template <class T>
void sparse_multiply(const SparseRows& rows, const T* values, const T* bias, Activation activation,
                     const Activations<T>& x, Activations<T>& y) {
  multiply_rows<T>(rows, values, bias, activation, x.data(), y.data(), nullptr, over_panels(x, y));
}

template <class T>
void sparse_multiply_transposed(const SparseRows& columns, const T* transposed_values,
                                const Activations<T>& dy, const Activations<T>* rectified,
                                Activations<T>& dx) {
  multiply_rows<T>(columns, transposed_values, nullptr, Activation::identity, dy.data(), dx.data(),
                   rectified ? rectified->data() : nullptr, over_panels(dy, dx));
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
template void sparse_multiply_transposed(const SparseRows&, const float*, const Activations<float>&,
                                         const Activations<float>*, Activations<float>&);
template void sparse_multiply_transposed(const SparseRows&, const double*, const Activations<double>&,
                                         const Activations<double>*, Activations<double>&);
template void sparse_weight_gradient(const SparseRows&, const Activations<float>&, const Activations<float>&,
                                     bool, float*);
template void sparse_weight_gradient(const SparseRows&, const Activations<double>&,
                                     const Activations<double>&, bool, double*);

}  // namespace ltlab
