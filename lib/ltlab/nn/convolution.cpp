#include "ltlab/nn/convolution.h"

#include <type_traits>

namespace ltlab {

template <class T>
Convolution<T>::Convolution(const std::string& name, const ConvolutionShape& shape, Activation activation,
                            bool has_bias)
    : WeightedLayer<T>(name, shape.weights(), shape.input.channels * shape.kernel_height * shape.kernel_width,
                       shape.outputs * shape.kernel_height * shape.kernel_width, activation, false, has_bias),
      shape_(shape),
      dense_(shape) {}

template <class T>
ChannelBlocks Convolution<T>::channel_blocks() const {
  return std::is_same_v<T, float> && this->is_dense() ? ChannelBlocks::converted : ChannelBlocks::refused;
}

template <class T>
const std::vector<std::uint32_t>& Convolution<T>::build_structure(std::span<const std::uint8_t> keep) {
  sparse_.emplace(shape_, keep, this->context().input_border, gradient_border());
  return sparse_->transposed_order();
}

template <class T>
void Convolution<T>::multiply_dense(const T* weights, const Activations<T>& x, Activations<T>& y) {
  dense_.forward(weights, this->bias(), this->activation(), x, y);
}

template <class T>
void Convolution<T>::multiply_sparse(const T* survivors, const Activations<T>& x, Activations<T>& y) {
  sparse_->forward(survivors, this->bias(), this->activation(), x, y);
}

template <class T>
void Convolution<T>::multiply_transposed_dense(const T* weights, const Activations<T>& dy,
                                               Activations<T>& dx) {
  dense_.backward_data(weights, dy, dx);
}

template <class T>
void Convolution<T>::multiply_transposed_sparse(const T* transposed, const Activations<T>& dy,
                                                const Activations<T>* rectified, Activations<T>& dx) {
  sparse_->backward_data(transposed, dy, rectified, dx);
}

template <class T>
void Convolution<T>::weight_gradient_dense(const Activations<T>& dy, const Activations<T>& x, bool accumulate,
                                           T* gradient) {
  dense_.backward_weights(dy, x, accumulate, gradient);
}

template <class T>
void Convolution<T>::weight_gradient_sparse(const Activations<T>& dy, const Activations<T>& x,
                                            bool accumulate, T* gradient) {
  sparse_->backward_weights(dy, x, accumulate, gradient);
}

template class Convolution<float>;
template class Convolution<double>;

}  // namespace ltlab
