#include "ltlab/nn/network.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "ltlab/base/checked.h"
#include "ltlab/base/error.h"
#include "ltlab/dense/channel_blocks.h"

namespace ltlab {

namespace {

// Layers over images sweep over positions, each a run of one panel's images; the narrowest panels keep what a
// run touches in the caches. Layers over flat features have no other run than a panel.
template <class T>
std::size_t lanes_of(const std::vector<Step<T>>& steps, std::size_t batch) {
  const bool narrow =
      std::ranges::any_of(steps, [](const Step<T>& step) { return step.layer->narrow_panels(); });
  return narrow ? kLaneMultiple : panel_lanes(batch);
}

template <class T>
std::size_t part_of(const std::vector<Step<T>>& steps, const ActivationShape& input) {
  const bool coupled =
      std::ranges::any_of(steps, [](const Step<T>& step) { return step.layer->couples_images(); });
  return coupled || input.lanes != kLaneMultiple ? input.batch : std::min(input.batch, kLaneMultiple);
}

// Returns the border that the readers of an output need around it.
template <class T>
std::size_t border_of(const std::vector<Step<T>>& steps, std::size_t output) {
  std::size_t border = 0;
  for (const Step<T>& step : steps) {
    if (step.input == output) border = std::max(border, step.layer->input_border());
  }
  return border;
}

// Returns whether a step's output is that of a ReLU whose gradient the layer leaves to others.
template <class T>
bool is_rectified(const Step<T>& step) {
  return step.shortcut ? step.activation == Activation::relu : step.layer->rectifies();
}

// Returns whether the gradient of an output, once written, is that of the ReLU's input: the output has one
// reader, which rectifies it.
template <class T>
bool reader_rectifies(const std::vector<Step<T>>& steps, std::size_t output) {
  std::size_t readers = 0, rectifying = 0;
  for (const Step<T>& step : steps) {
    readers += (step.input == output) + (step.shortcut == output);
    rectifying += step.input == output && step.layer->rectifies_gradient();
  }
  return readers == 1 && rectifying == 1;
}

constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

// Zeros times a diverged network's infinities are NaN.
template <class T>
bool all_zero(const T* begin, const T* end) {
  return std::all_of(begin, end, [](T value) { return value == T(0) || std::isnan(value); });
}

// Returns whether the border and, if asked, the padding lanes hold zeros only.
template <class T>
bool is_clean(const Activations<T>& a, bool padding_too) {
  const ActivationShape& s = a.shape();
  for (std::size_t p = 0; p < a.panels(); ++p) {
    const std::size_t images = padding_too ? std::min(s.lanes, s.batch - p * s.lanes) : s.lanes;
    for (std::size_t i = 0; i < s.panel_positions(); ++i) {
      // Positions left of or above the image wrap around to huge ones.
      const std::size_t x = i % s.row_positions() - s.border,
                        y = i % s.channel_positions() / s.row_positions() - s.border;
      const bool inside = x < s.image.width && y < s.image.height;
      const T* values = a.panel(p) + i * s.lanes;
      if (!all_zero(values + (inside ? images : 0), values + s.lanes)) return false;
    }
  }
  return true;
}

template <class T>
void check_clean(const Layer<T>& layer, const char* what, const Activations<T>& a, bool padding_too) {
  if (is_clean(a, padding_too)) return;
  throw std::logic_error("layer '" + layer.name() + "' wrote to the border " +
                         (padding_too ? "or the padding lanes " : "") + "of " + what);
}

// Returns the last step that reads each step's output; for the logits, the loss after all steps. It is
// kNobody if only shortcuts read the output.
template <class T>
std::vector<std::size_t> last_readers(const std::vector<Step<T>>& steps) {
  std::vector<std::size_t> readers(steps.size(), kNobody);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].input > 0) readers[steps[i].input - 1] = i;
  }
  readers.back() = steps.size();
  return readers;
}

template <class T>
void check_shortcut(const Step<T>& step, const ImageShape& shortcut) {
  if (step.layer->takes_shortcut() && step.layer->output() == shortcut) return;
  throw ConfigError("a shortcut cannot come on top of '" + step.layer->name() +
                    "': its shape must be that of the layer's output, and the layer must have no activation");
}

// If there are several readers, the last one writes the gradient, and the others add to it.
template <class T>
void check_readers(const std::vector<Step<T>>& steps) {
  const std::vector<std::size_t> last = last_readers(steps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::size_t input = steps[i].input;
    if (input == 0 || steps[i].layer->adds_to_dx() == (last[input - 1] != i)) continue;
    throw ConfigError("layer '" + steps[i].layer->name() +
                      "' is misplaced: of the layers that read one output, all but the last must be such as "
                      "add to its gradient");
  }
}

// Returns which outputs may lie in blocks of channels: all layers that touch them accept that, and layers
// that keep blocks have them on both sides.
template <class T>
std::vector<bool> outputs_in_blocks(const std::vector<Step<T>>& steps) {
  std::vector<bool> blocks(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto& [layer, input, shortcut, activation] = steps[i];
    const bool takes = layer->channel_blocks() != ChannelBlocks::refused;
    blocks[i] = takes && !shortcut && layer->output().channels % dense_channel_block() == 0;
    if (input > 0 && !takes) blocks[input - 1] = false;
    if (shortcut.value_or(0) > 0) blocks[*shortcut - 1] = false;
  }
  blocks.back() = false;  // the logits
  for (bool changed = true; std::exchange(changed, false);) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].layer->channel_blocks() != ChannelBlocks::kept) continue;
      const std::size_t input = steps[i].input;
      if ((input > 0 && blocks[input - 1]) == blocks[i]) continue;
      blocks[i] = false;
      if (input > 0) blocks[input - 1] = false;
      changed = true;
    }
  }
  return blocks;
}

}  // namespace

template <class T>
std::vector<Step<T>> chain(std::vector<std::unique_ptr<Layer<T>>> layers) {
  std::vector<Step<T>> steps;
  steps.reserve(layers.size());
  for (auto& layer : layers) steps.push_back({std::move(layer), steps.size(), {}, Activation::identity});
  return steps;
}

template <class T>
ActivationShape Network<T>::input_layout(const std::vector<Step<T>>& steps, std::size_t batch) {
  return {steps.front().layer->input(), batch, lanes_of(steps, batch), border_of(steps, 0)};
}

template <class T>
Network<T>::Network(std::vector<Step<T>> steps, std::size_t batch)
    : steps_(std::move(steps)), input_(input_layout(steps_, batch)), part_(part_of(steps_, input_)) {
  ActivationShape part = input_;
  part.batch = part_;
  if (part_ < batch) {
    images_ = Activations<T>(part);
    logits_ = Activations<T>(classes(), batch, lanes());
  }
  check_readers(steps_);
  prepare_layers();
  lay_out();
}

template <class T>
void Network<T>::prepare_layers() {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    Layer<T>& layer = *steps_[i].layer;
    const std::size_t border = border_of(steps_, i + 1), input = steps_[i].input;
    if (steps_[i].shortcut) {
      const std::size_t shortcut = *steps_[i].shortcut;
      check_shortcut(steps_[i], shortcut == 0 ? input_.image : steps_[shortcut - 1].layer->output());
    }
    layer.prepare({part_, lanes(), border_of(steps_, input), border, input == 0,
                   input > 0 && is_rectified(steps_[input - 1]) && reader_rectifies(steps_, input)});
    std::ranges::copy(layer.parameters(), std::back_inserter(parameters_));
    std::ranges::copy(layer.parameters(), std::back_inserter(arrays_));
    std::ranges::copy(layer.statistics(), std::back_inserter(arrays_));
  }
}

template <class T>
ActivationShape Network<T>::layout(std::size_t step, std::size_t border, std::size_t batch) const {
  const ActivationShape panels{steps_[step].layer->output(), batch, lanes(), border};
  return in_blocks_[step] ? in_channel_blocks(panels, dense_channel_block()) : panels;
}

template <class T>
void Network<T>::lay_out() {
  in_blocks_ = outputs_in_blocks(steps_);
  outputs_.clear();
  for (std::size_t i = 0; i < steps_.size(); ++i)
    outputs_.emplace_back(layout(i, border_of(steps_, i + 1), part_));
  make_gradients();
}

// In a backward pass an output's gradient lives from the step that reads the output last to the step that
// gave it or, if it also passes along a shortcut, to the origin of that. Others of the same layout may have
// its place before and after.
template <class T>
void Network<T>::make_gradients() {
  const std::vector<std::size_t> reader = last_readers(steps_);
  std::vector<std::size_t> order(steps_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return reader[i]; });

  gradients_.clear();
  gradient_of_.assign(steps_.size(), kNobody);
  std::vector<std::size_t> needed_until;  // for each gradient: the last step of a backward pass that needs it
  for (const std::size_t i : order) {
    if (reader[i] == kNobody) continue;
    const ActivationShape shape = layout(i, steps_[i].layer->gradient_border(), part_);
    const auto is_free = [&](std::size_t place) {
      return gradients_[place].shape() == shape && needed_until[place] > reader[i];
    };
    std::size_t place = 0;
    while (place < gradients_.size() && !is_free(place)) ++place;
    if (place == gradients_.size()) {
      gradients_.emplace_back(shape);
      needed_until.emplace_back();
    }
    const std::size_t shortcut = steps_[i].shortcut.value_or(0);
    needed_until[place] = shortcut > 0 ? shortcut - 1 : i;
    gradient_of_[i] = place;
  }
  // An output that only a shortcut reads has the gradient of the sum.
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const std::size_t shortcut = steps_[i].shortcut.value_or(0);
    if (shortcut > 0 && gradient_of_[shortcut - 1] == kNobody) gradient_of_[shortcut - 1] = gradient_of_[i];
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
template <class Run>
const Activations<T>& Network<T>::forward_part(const Activations<T>& images, const Run& run) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step<T>& step = steps_[i];
    Activations<T>& y = outputs_[i];
    set_batch(i, images.batch(), y);
    run(*step.layer, output(step.input, images), y);
    if (kChecked) check_clean(*step.layer, "its output", y, false);
    if (step.shortcut) add_and_activate(step.activation, y, output(*step.shortcut, images), y);
  }
  return outputs_.back();
}

template <class T>
void Network<T>::complete_gradient(std::size_t i) {
  Activations<T>& dy = gradient(i);
  const bool rectify = is_rectified(steps_[i]) && !reader_rectifies(steps_, i + 1);
  bool added = false;
  for (std::size_t j = i + 1; j < steps_.size(); ++j) {
    if (steps_[j].shortcut != i + 1 || gradient_of_[j] == gradient_of_[i]) continue;
    add_gradient(rectify ? Activation::relu : Activation::identity, outputs_[i], gradient(j), dy);
    added = true;
  }
  if (rectify && !added) rectify_gradient(outputs_[i], dy);
}

template <class T>
void Network<T>::backward_part(const Activations<T>& images, bool accumulate) {
  for (std::size_t i = 0; i < steps_.size(); ++i) set_batch(i, images.batch(), gradient(i));
  for (std::size_t i = steps_.size(); i-- > 0;) {
    const Step<T>& step = steps_[i];
    complete_gradient(i);
    Activations<T>* dx = step.input == 0 ? nullptr : &gradient(step.input - 1);
    step.layer->backward(output(step.input, images), outputs_[i], gradient(i), dx, accumulate);
    if (kChecked && dx) check_clean(*step.layer, "its input's gradient", *dx, true);
  }
}

template <class T>
const Activations<T>& Network<T>::forward(const Activations<T>& images) {
  const auto run = [](Layer<T>& layer, const Activations<T>& x, Activations<T>& y) { layer.forward(x, y); };
  if (images.batch() <= part_) return forward_part(images, run);
  logits_.set_batch(images.batch());
  for (std::size_t first = 0; first < images.batch(); first += part_) {
    const Activations<T>& logits = forward_part(take_part(images, first), run);
    std::copy_n(logits.data(), logits.shape().size(), logits_.panel(first / lanes()));
  }
  return logits_;
}

template <class T>
BatchLoss Network<T>::forward_backward(const Activations<T>& images, std::span<const std::uint8_t> labels,
                                       const TrainingStep& step) {
  BatchLoss sum;
  const auto cross_entropy = [&](std::size_t first, const Activations<T>& logits, Activations<T>& gradient) {
    const BatchLoss loss =
        softmax_cross_entropy(logits, labels.subspan(first, logits.batch()), images.batch(), &gradient);
    sum.loss += loss.loss;
    sum.correct += loss.correct;
  };
  forward_backward(images, cross_entropy, step);
  return sum;
}

template <class T>
void Network<T>::forward_backward(const Activations<T>& images, const LogitLoss<T>& loss,
                                  const TrainingStep& step) {
  for (std::size_t first = 0; first < images.batch(); first += part_) {
    const Activations<T>& part = take_part(images, first);
    const Activations<T>& logits = forward_training_part(part, first, step);
    gradient(steps_.size() - 1).set_batch(part.batch());
    loss(first, logits, gradient(steps_.size() - 1));
    backward_part(part, first > 0);
  }
}

template <class T>
const Activations<T>& Network<T>::forward_training_part(const Activations<T>& part, std::size_t first,
                                                        const TrainingStep& step) {
  return forward_part(part, [&](Layer<T>& layer, const Activations<T>& x, Activations<T>& y) {
    layer.forward_training(step, first, x, y);
  });
}

template <class T>
void Network<T>::forward_training(const Activations<T>& images, const TrainingStep& step) {
  for (std::size_t first = 0; first < images.batch(); first += part_)
    forward_training_part(take_part(images, first), first, step);
}

template <class T>
std::vector<Tensor> Network<T>::dense_gradients() const {
  std::vector<Tensor> gradients;
  for (const Step<T>& step : steps_) {
    if (std::optional<Tensor> gradient = step.layer->dense_gradient())
      gradients.push_back(std::move(*gradient));
  }
  return gradients;
}

template <class T>
std::vector<Tensor> Network<T>::tensors() const {
  std::vector<Tensor> tensors;
  for (const Parameter<T>* array : arrays_) tensors.push_back(array->dense());
  return tensors;
}

template <class T>
void Network<T>::assign(const std::vector<Tensor>& tensors) {
  for (Parameter<T>* array : arrays_) {
    const std::string& name = array->info().name;
    const Tensor* found = find_named(tensors, name);
    if (!found) throw ConfigError("no weights for parameter '" + name + "'");
    array->assign(*found);
  }
}

template <class T>
void Network<T>::apply(const std::vector<Mask>& masks) {
  for (const Step<T>& step : steps_) {
    for (const Mask& mask : masks) step.layer->apply_mask(mask);
  }
  lay_out();
}

template <class T>
std::vector<KernelChoice> Network<T>::choose_kernels(const KernelPolicies& policies) {
  std::vector<KernelChoice> choices;
  for (const Step<T>& step : steps_) {
    std::ranges::copy(step.layer->choose_kernels(policies.of(step.layer->name())),
                      std::back_inserter(choices));
  }
  lay_out();
  return choices;
}

template <class T>
void Network<T>::set_kernels(const std::vector<KernelChoice>& choices) {
  for (const Step<T>& step : steps_) {
    for (const KernelChoice& choice : choices) step.layer->set_kernel(choice);
  }
  lay_out();
}

template <class T>
double Network<T>::density() const {
  double survivors = 0, weights = 0;
  for (const Parameter<T>* parameter : parameters_) {
    if (!parameter->info().prunable) continue;
    survivors += static_cast<double>(parameter->size());
    weights += static_cast<double>(parameter->dense_size());
  }
  return survivors / weights;
}

template <class T>
Flops Network<T>::flops() const {
  Flops sum;
  for (const Step<T>& step : steps_) sum += step.layer->flops();
  return sum;
}

template std::vector<Step<float>> chain(std::vector<std::unique_ptr<Layer<float>>>);
template std::vector<Step<double>> chain(std::vector<std::unique_ptr<Layer<double>>>);
template class Network<float>;
template class Network<double>;

}  // namespace ltlab
