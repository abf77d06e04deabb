#include "ltlab/nn/network.h"

#include <algorithm>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/kernels/elementwise.h"

namespace ltlab {

namespace {

// Layers over images sweep over positions, each a run of one panel's images; the narrowest panels keep what a
// run touches in the caches. Layers over flat features have no other run than a panel.
template <class T>
std::size_t lanes_of(const std::vector<std::unique_ptr<Layer<T>>>& layers, std::size_t batch) {
  const bool images = std::ranges::any_of(layers, [](const auto& layer) {
    const ImageShape shape = layer->output();
    return shape.height * shape.width > 1;
  });
  return images ? kLaneMultiple : panel_lanes(batch);
}

}  // namespace

template <class T>
ActivationShape Network<T>::input_layout(const std::vector<std::unique_ptr<Layer<T>>>& layers,
                                         std::size_t batch) {
  const Layer<T>& first = *layers.front();
  return {first.input(), batch, lanes_of(layers, batch), first.input_border()};
}

template <class T>
Network<T>::Network(std::vector<std::unique_ptr<Layer<T>>> layers, std::size_t batch)
    : layers_(std::move(layers)),
      input_(input_layout(layers_, batch)),
      part_(lanes() == kLaneMultiple ? std::min(batch, kLaneMultiple) : batch) {
  ActivationShape part = input_;
  part.batch = part_;
  if (part_ < batch) {
    images_ = Activations<T>(part);
    logits_ = Activations<T>(classes(), batch, lanes());
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer<T>& layer = *layers_[i];
    const std::size_t border = i + 1 < layers_.size() ? layers_[i + 1]->input_border() : 0;
    outputs_.emplace_back(ActivationShape{layer.output(), part_, lanes(), border});
    gradients_.emplace_back(ActivationShape{layer.output(), part_, lanes(), layer.gradient_border()});
    layer.prepare(
        {part_, lanes(), layer.input_border(), border, i == 0, i > 0 && layers_[i - 1]->rectifies()});
    for (Parameter<T>* parameter : layer.parameters()) parameters_.push_back(parameter);
  }
}

template <class T>
const Activations<T>& Network<T>::take_part(const Activations<T>& images, std::size_t first) {
  if (images.batch() <= part_) return images;
  images_.set_batch(std::min(part_, images.batch() - first));
  std::copy_n(images.panel(first / lanes()), images_.shape().size(), images_.data());
  return images_;
}

template <class T>
const Activations<T>& Network<T>::forward_part(const Activations<T>& images) {
  const Activations<T>* x = &images;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    outputs_[i].set_batch(images.batch());
    layers_[i]->forward(*x, outputs_[i]);
    x = &outputs_[i];
  }
  return *x;
}

template <class T>
void Network<T>::backward_part(const Activations<T>& images, bool accumulate) {
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Activations<T>& x = i == 0 ? images : outputs_[i - 1];
    Activations<T>* dx = i == 0 ? nullptr : &gradients_[i - 1];
    layers_[i]->backward(x, outputs_[i], gradients_[i], dx, accumulate);
    if (dx && layers_[i - 1]->rectifies() && !layers_[i]->rectifies_gradient()) rectify_gradient(x, *dx);
  }
}

template <class T>
const Activations<T>& Network<T>::forward(const Activations<T>& images) {
  if (images.batch() <= part_) return forward_part(images);
  logits_.set_batch(images.batch());
  for (std::size_t first = 0; first < images.batch(); first += part_) {
    const Activations<T>& logits = forward_part(take_part(images, first));
    std::copy_n(logits.data(), logits.shape().size(), logits_.panel(first / lanes()));
  }
  return logits_;
}

template <class T>
BatchLoss Network<T>::forward_backward(const Activations<T>& images, std::span<const std::uint8_t> labels) {
  BatchLoss sum;
  for (std::size_t first = 0; first < images.batch(); first += part_) {
    const Activations<T>& part = take_part(images, first);
    const Activations<T>& logits = forward_part(part);
    for (Activations<T>& gradient : gradients_) gradient.set_batch(part.batch());
    const BatchLoss loss = softmax_cross_entropy(logits, labels.subspan(first, part.batch()), images.batch(),
                                                 &gradients_.back());
    backward_part(part, first > 0);
    sum.loss += loss.loss;
    sum.correct += loss.correct;
  }
  return sum;
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
  for (const auto& layer : layers_) {
    std::ranges::copy(layer->choose_kernels(policies.of(layer->name())), std::back_inserter(choices));
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
  for (const auto& layer : layers_) {
    const Flops flops = layer->flops();
    sum.done += flops.done;
    sum.dense += flops.dense;
  }
  return sum;
}

template class Network<float>;
template class Network<double>;

}  // namespace ltlab
