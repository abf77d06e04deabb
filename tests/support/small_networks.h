#pragma once

#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "ltlab/nn/convolution.h"
#include "ltlab/nn/linear.h"
#include "ltlab/nn/models.h"
#include "ltlab/nn/pooling_layers.h"
#include "support/test_data.h"

namespace ltlab::test {

inline constexpr std::size_t kBatch = 21;

inline std::vector<std::uint8_t> labels(std::size_t classes) {
  std::vector<std::uint8_t> result(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) result[i] = static_cast<std::uint8_t>(i * 7 % classes);
  return result;
}

template <class T>
Network<T> small_network() {
  Network<T> network = make_network<T>("mlp:13-11-7-5", {13, 1, 1}, 5, kBatch);
  std::vector<Tensor> tensors = network.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    tensors[i] = random_tensor(tensors[i].name, tensors[i].shape, i);
  network.assign(tensors);
  return network;
}

inline std::vector<Mask> masks_for(const Network<double>& network, double density) {
  std::vector<Mask> masks;
  for (const auto* parameter : network.parameters()) {
    if (parameter->info().prunable)
      masks.push_back(random_mask(parameter->info().name, parameter->info().shape, density, masks.size()));
  }
  return masks;
}

// Convolutions of stride 1 and 2, pooling, and a linear layer on what is left of the image.
template <class T>
Network<T> small_convolutional_network() {
  std::vector<std::unique_ptr<Layer<T>>> layers;
  layers.push_back(std::make_unique<Convolution<T>>("conv1", ConvolutionShape{{2, 9, 8}, 3, 3, 3, 1, 1},
                                                    Activation::relu));
  layers.push_back(std::make_unique<MaxPooling<T>>("pool1", layers.back()->output(), Pooling{2, 2, 2},
                                                   Activation::identity));
  layers.push_back(std::make_unique<Convolution<T>>(
      "conv2", ConvolutionShape{layers.back()->output(), 4, 3, 3, 2, 1}, Activation::relu));
  layers.push_back(
      std::make_unique<Linear<T>>("fc1", layers.back()->output(), 5, Activation::identity, true));
  Network<T> network(std::move(layers), kBatch);
  std::vector<Tensor> tensors = network.tensors();
  for (std::size_t i = 0; i < tensors.size(); ++i)
    tensors[i] = random_tensor(tensors[i].name, tensors[i].shape, i);
  network.assign(tensors);
  return network;
}

// A network of the model's text on small images, with random weights.
template <class T>
Network<T> described_network(const std::string& model) {
  Network<T> network = make_network<T>(model, {2, 9, 8}, 5, kBatch);
  std::vector<Tensor> tensors;
  for (const Parameter<T>* array : network.arrays()) {
    Tensor tensor = random_tensor(array->info().name, array->info().shape, tensors.size());
    const double scale = 1 / std::sqrt(static_cast<double>(array->info().fan_in));
    for (float& value : tensor.values) value = array->info().start + static_cast<float>(scale) * value;
    tensors.push_back(tensor);
  }
  network.assign(tensors);
  return network;
}

}  // namespace ltlab::test
