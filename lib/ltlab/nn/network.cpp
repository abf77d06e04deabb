#include "ltlab/nn/network.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "ltlab/base/names.h"
#include "ltlab/nn/linear.h"

namespace ltlab {

template <class T>
Network<T>::Network(std::vector<std::unique_ptr<Layer<T>>> layers, std::size_t batch)
    : layers_(std::move(layers)), batch_(batch), lanes_(panel_lanes(batch)) {
  for (const auto& layer : layers_) {
    for (Parameter<T>* parameter : layer->parameters()) parameters_.push_back(parameter);
    outputs_.emplace_back(layer->output_features(), batch, lanes_);
    gradients_.emplace_back(layer->output_features(), batch, lanes_);
  }
}

template <class T>
const Activations<T>& Network<T>::forward(const Activations<T>& images) {
  const Activations<T>* x = &images;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    outputs_[i].set_batch(images.batch());
    layers_[i]->forward(*x, outputs_[i]);
    x = &outputs_[i];
  }
  return *x;
}

template <class T>
BatchLoss Network<T>::forward_backward(const Activations<T>& images, std::span<const std::uint8_t> labels) {
  const Activations<T>& logits = forward(images);
  for (Activations<T>& gradient : gradients_) gradient.set_batch(images.batch());
  const BatchLoss loss = softmax_cross_entropy(logits, labels, &gradients_.back());
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Activations<T>& x = i == 0 ? images : outputs_[i - 1];
    layers_[i]->backward(x, outputs_[i], gradients_[i], i == 0 ? nullptr : &gradients_[i - 1]);
  }
  return loss;
}

template <class T>
std::vector<Tensor> Network<T>::tensors() const {
  std::vector<Tensor> tensors;
  for (const Parameter<T>* parameter : parameters_) tensors.push_back(parameter->dense());
  return tensors;
}

template <class T>
void Network<T>::assign(const std::vector<Tensor>& tensors) {
  for (Parameter<T>* parameter : parameters_) {
    const std::string& name = parameter->info().name;
    const Tensor* found = find_named(tensors, name);
    if (!found) throw ConfigError("no weights for parameter '" + name + "'");
    parameter->assign(*found);
  }
}

template <class T>
void Network<T>::apply(const std::vector<Mask>& masks) {
  for (const auto& layer : layers_) {
    for (const Mask& mask : masks) layer->apply_mask(mask);
  }
}

template <class T>
std::vector<KernelChoice> Network<T>::choose_kernels(const KernelPolicies& policies) {
  std::vector<KernelChoice> choices;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer<T>& layer = *layers_[i];
    std::ranges::copy(layer.choose_kernels(policies.of(layer.name()), batch_, lanes_, i == 0),
                      std::back_inserter(choices));
  }
  return choices;
}

template <class T>
void Network<T>::set_kernels(const std::vector<KernelChoice>& choices) {
  for (const auto& layer : layers_) {
    for (const KernelChoice& choice : choices) layer->set_kernel(choice);
  }
}

template <class T>
Flops Network<T>::flops() const {
  Flops sum;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Flops flops = layers_[i]->flops(i == 0);
    sum.done += flops.done;
    sum.dense += flops.dense;
  }
  return sum;
}

namespace {

// "784-500-300-10" as numbers; ConfigError names the description.
std::vector<std::size_t> parse_widths(const std::string& widths, const std::string& description) {
  std::vector<std::size_t> result;
  const char* at = widths.data();
  const char* const end = at + widths.size();
  while (true) {
    std::size_t width = 0;
    const auto [next, error] = std::from_chars(at, end, width);
    if (error != std::errc() || width == 0 || width > 1'000'000) break;
    result.push_back(width);
    if (next == end && result.size() >= 2) return result;
    if (next == end || *next != '-') break;
    at = next + 1;
  }
  throw ConfigError("malformed model '" + description +
                    "': after 'mlp:' come the widths from inputs to classes, as in mlp:784-500-300-10");
}

std::vector<std::size_t> layer_widths(const std::string& description) {
  const std::string mlp = "mlp:";
  if (description == "lenet-300-100") return {784, 300, 100, 10};
  if (description.starts_with(mlp)) return parse_widths(description.substr(mlp.size()), description);
  throw unknown_name("model", description, {"lenet-300-100", "mlp:INPUTS-WIDTH-...-CLASSES"});
}

}  // namespace

std::vector<std::string> layer_names(const std::string& description) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < layer_widths(description).size(); ++i)
    names.push_back("fc" + std::to_string(i));
  return names;
}

template <class T>
Network<T> make_network(const std::string& description, std::size_t inputs, std::size_t classes,
                        std::size_t batch) {
  const std::vector<std::size_t> widths = layer_widths(description);
  if (widths.front() != inputs || widths.back() != classes) {
    throw ConfigError(
        "model '" + description + "' takes " + std::to_string(widths.front()) + " inputs and tells " +
        std::to_string(widths.back()) + " classes apart, but the dataset has " + std::to_string(inputs) +
        " values an image and " + std::to_string(classes) +
        " classes; use a model mlp:" + std::to_string(inputs) + "-...-" + std::to_string(classes));
  }
  const std::vector<std::string> names = layer_names(description);
  std::vector<std::unique_ptr<Layer<T>>> layers;
  for (std::size_t i = 1; i < widths.size(); ++i) {
    const bool last = i + 1 == widths.size();
    layers.push_back(std::make_unique<Linear<T>>(names[i - 1], widths[i - 1], widths[i],
                                                 last ? Activation::identity : Activation::relu, last));
  }
  return Network<T>(std::move(layers), batch);
}

template class Network<float>;
template class Network<double>;
template Network<float> make_network(const std::string&, std::size_t, std::size_t, std::size_t);
template Network<double> make_network(const std::string&, std::size_t, std::size_t, std::size_t);

}  // namespace ltlab
