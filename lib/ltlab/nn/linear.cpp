#include "ltlab/nn/linear.h"

#include "ltlab/dense/dense_linear.h"
#include "ltlab/kernels/elementwise.h"

namespace ltlab {

template <class T>
Linear<T>::Linear(const std::string& name, const ImageShape& input, std::size_t outputs,
                  Activation activation, bool output_layer)
    : WeightedLayer<T>(name, {outputs, input.features()}, input.features(), outputs, activation,
                       output_layer),
      input_(input),
      outputs_(outputs) {}

template <class T>
const std::vector<std::uint32_t>& Linear<T>::build_structure(std::span<const std::uint8_t> keep) {
  structure_ = make_sparse_matrix(keep, outputs_, input_.features());
  return structure_.row_order;
}

template <class T>
void Linear<T>::multiply_dense(const T* weights, const Activations<T>& x, Activations<T>& y) {
  without_border(y, [&](Activations<T>& flat) { dense_multiply(weights, x, flat); });
  add_bias_and_activate(this->bias(), this->activation(), y);
}

template <class T>
void Linear<T>::multiply_sparse(const T* survivors, const Activations<T>& x, Activations<T>& y) {
  without_border(y, [&](Activations<T>& flat) {
    sparse_multiply(structure_.by_row, survivors, this->bias(), this->activation(), x, flat);
  });
}

template <class T>
void Linear<T>::multiply_transposed_dense(const T* weights, const Activations<T>& dy, Activations<T>& dx) {
  without_border(dx, [&](Activations<T>& flat) { dense_multiply_transposed(weights, dy, flat); });
}

template <class T>
void Linear<T>::multiply_transposed_sparse(const T* transposed, const Activations<T>& dy,
                                           const Activations<T>* rectified, Activations<T>& dx) {
  without_border(dx, [&](Activations<T>& flat) {
    sparse_multiply_transposed(structure_.by_column, transposed, dy, rectified, flat);
  });
}

template <class T>
template <class Multiply>
void Linear<T>::without_border(Activations<T>& result, const Multiply& multiply) {
  const ActivationShape& shape = result.shape();
  if (shape.border == 0) return multiply(result);
  flat_.reshape({shape.image, shape.batch, shape.lanes, 0});
  multiply(flat_);
  copy_interior(flat_, result);
}

template <class T>
void Linear<T>::weight_gradient_dense(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                                      T* gradient) {
  dense_weight_gradient(dy, x, accumulate, gradient);
}

template <class T>
void Linear<T>::weight_gradient_sparse(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                                       T* gradient) {
  sparse_weight_gradient(structure_.by_row, dy, x, accumulate, gradient);
}

template class Linear<float>;
template class Linear<double>;

}  // namespace ltlab
