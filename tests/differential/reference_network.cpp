#include "differential/reference_network.h"

#include <algorithm>
#include <cmath>

#include "ltlab/kernels/dropout.h"
#include "ltlab/nn/models.h"

namespace ltlab::test {
namespace {

using Kind = ModelText::Layer::Kind;

constexpr double kEpsilon = 1e-5, kMomentum = 0.1;  // batch norm's, as torch.nn.BatchNorm2d
constexpr double kCloseCall = 1e-5;                 // of the root mean square of a layer's values

double root_mean_square(const PlainBatch& a) {
  double squares = 0;
  for (const double value : a.values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(std::max<std::size_t>(1, a.values.size())));
}

// The least that leaves so many rows and columns of a block's input.
std::size_t shortcut_stride(const ImageShape& from, const ImageShape& to) {
  return std::max((from.height + to.height - 1) / to.height, (from.width + to.width - 1) / to.width);
}

// Calls body(image, channel, output's y and x, input's y and x) for each input of each window of a channel.
template <class Body>
void for_each_in_windows(const ModelText::Layer& layer, const PlainBatch& x, const PlainBatch& y,
                         const Body& body) {
  const bool whole = layer.kind == Kind::global_average_pooling;
  const std::size_t height = whole ? x.shape.height : layer.height,
                    width = whole ? x.shape.width : layer.width, stride = whole ? 1 : layer.stride;
  for (std::size_t n = 0; n < x.images; ++n)
    for (std::size_t c = 0; c < x.shape.channels; ++c)
      for (std::size_t i = 0; i < y.shape.height; ++i)
        for (std::size_t j = 0; j < y.shape.width; ++j)
          for (std::size_t a = 0; a < height; ++a)
            for (std::size_t b = 0; b < width; ++b) body(n, c, i, j, i * stride + a, j * stride + b);
}

// Calls body(image, weight's index, output channel, output's y and x, input channel, input's y and x) for
// each product that a convolution sums.
template <class Body>
void for_each_product(const ModelText::Layer& layer, std::size_t padding, const PlainBatch& x,
                      const PlainBatch& y, const Body& body) {
  for (std::size_t n = 0; n < x.images; ++n)
    for (std::size_t o = 0; o < y.shape.channels; ++o)
      for (std::size_t i = 0; i < y.shape.height; ++i)
        for (std::size_t j = 0; j < y.shape.width; ++j)
          for (std::size_t c = 0; c < x.shape.channels; ++c)
            for (std::size_t a = 0; a < layer.height; ++a)
              for (std::size_t b = 0; b < layer.width; ++b) {
                const std::size_t row = i * layer.stride + a, column = j * layer.stride + b;
                if (row < padding || row - padding >= x.shape.height) continue;
                if (column < padding || column - padding >= x.shape.width) continue;
                const std::size_t weight = ((o * x.shape.channels + c) * layer.height + a) * layer.width + b;
                body(n, weight, o, i, j, c, row - padding, column - padding);
              }
}

}  // namespace

ReferenceNetwork::ReferenceNetwork(const std::string& model, std::size_t classes, std::size_t part)
    : model_(parse_model_text(model_text(model))), classes_(classes), part_(part) {
  // A shortcut reads what its block reads, and hands nothing to the next layer.
  std::size_t last = 0;
  for (std::size_t i = 0; i < model_.layers.size(); ++i) {
    inputs_.push_back(last);
    if (model_.layers[i].kind != Kind::shortcut) last = i + 1;
  }
}

ImageShape ReferenceNetwork::output_shape(const Layer& layer, const ImageShape& input) const {
  const auto swept = [&](std::size_t channels, std::size_t pad) {
    return ImageShape{channels, (input.height + 2 * pad - layer.height) / layer.stride + 1,
                      (input.width + 2 * pad - layer.width) / layer.stride + 1};
  };
  switch (layer.kind) {
    case Kind::convolution:
      return swept(layer.outputs, padding(layer));
    case Kind::linear:
      return {layer.outputs ? layer.outputs : classes_, 1, 1};
    case Kind::max_pooling:
    case Kind::average_pooling:
      return swept(input.channels, 0);
    case Kind::global_average_pooling:
      return {input.channels, 1, 1};
    case Kind::batch_norm:
    case Kind::dropout:
    case Kind::shortcut:
      return input;
  }
  return input;
}

const PlainBatch& ReferenceNetwork::forward(const std::optional<TrainingStep>& step,
                                            const PlainBatch& images) {
  step_ = step;
  close_calls_ = 0;
  outputs_.assign(1, images);
  for (std::size_t i = 0; i < model_.layers.size(); ++i) {
    const Layer& layer = model_.layers[i];
    const PlainBatch& x = outputs_[inputs_[i]];
    PlainBatch y(output_shape(layer, x.shape), x.images);
    apply(i, x, y);
    if (disturb) disturb(y.values);
    if (layer.relu) rectify(y);
    if (layer.adds_shortcut) {
      PlainBatch shortcut(y.shape, y.images);
      subsample(outputs_[inputs_[layer.shortcut]], shortcut);
      for (std::size_t k = 0; k < y.values.size(); ++k) y.values[k] += shortcut.values[k];
      if (layer.sum_relu) rectify(y);
    }
    outputs_.push_back(std::move(y));
  }
  return outputs_.back();
}

void ReferenceNetwork::apply(std::size_t i, const PlainBatch& x, PlainBatch& y) {
  const Layer& layer = model_.layers[i];
  switch (layer.kind) {
    case Kind::convolution:
      return convolve(layer, x, y);
    case Kind::linear:
      return connect(layer, x, y);
    case Kind::batch_norm:
      return normalize(layer, x, y);
    case Kind::max_pooling:
      return take_largest(layer, x, y);
    case Kind::average_pooling:
    case Kind::global_average_pooling:
      return take_mean(layer, x, y);
    case Kind::dropout: {
      const PlainBatch factors = dropout_factors(layer, x);
      for (std::size_t k = 0; k < y.values.size(); ++k) y.values[k] = x.values[k] * factors.values[k];
      return;
    }
    case Kind::shortcut:
      y = x;
  }
}

void ReferenceNetwork::rectify(PlainBatch& y) {
  const double close = kCloseCall * root_mean_square(y);
  for (double& value : y.values) {
    close_calls_ += value != 0 && std::abs(value) < close;
    value = std::max(value, 0.0);
  }
}

void ReferenceNetwork::convolve(const Layer& layer, const PlainBatch& x, PlainBatch& y) {
  const std::vector<double>& w = arrays.at(layer.name + ".weight");
  if (layer.bias) {
    const std::vector<double>& bias = arrays.at(layer.name + ".bias");
    for (std::size_t k = 0; k < y.values.size(); ++k)
      y.values[k] = bias[k / (y.shape.height * y.shape.width) % y.shape.channels];
  }
  for_each_product(layer, padding(layer), x, y,
                   [&](auto n, auto weight, auto o, auto i, auto j, auto c, auto row, auto column) {
                     y.at(n, o, i, j) += w[weight] * x.at(n, c, row, column);
                   });
}

void ReferenceNetwork::connect(const Layer& layer, const PlainBatch& x, PlainBatch& y) {
  const std::vector<double>&w = arrays.at(layer.name + ".weight"), &bias = arrays.at(layer.name + ".bias");
  const std::size_t inputs = x.shape.features(), outputs = y.shape.features();
  for (std::size_t n = 0; n < x.images; ++n)
    for (std::size_t o = 0; o < outputs; ++o) {
      double sum = bias[o];
      for (std::size_t f = 0; f < inputs; ++f) sum += w[o * inputs + f] * x.values[n * inputs + f];
      y.values[n * outputs + o] = sum;
    }
}

void ReferenceNetwork::normalize(const Layer& layer, const PlainBatch& x, PlainBatch& y) {
  if (step_) take_moments(layer, x);
  const std::vector<double>&gamma = arrays.at(layer.name + ".weight"),
        &beta = arrays.at(layer.name + ".bias"), &running_mean = arrays.at(layer.name + ".running_mean"),
        &running_variance = arrays.at(layer.name + ".running_var");
  for (std::size_t k = 0; k < x.values.size(); ++k) {
    const std::size_t c = k / (x.shape.height * x.shape.width) % x.shape.channels;
    const double mean = step_ ? means_.at(layer.name)[c] : running_mean[c];
    const double deviation =
        step_ ? deviations_.at(layer.name)[c] : std::sqrt(running_variance[c] + kEpsilon);
    y.values[k] = gamma[c] * (x.values[k] - mean) / deviation + beta[c];
  }
}

// Of each channel of the batch; the running ones follow.
void ReferenceNetwork::take_moments(const Layer& layer, const PlainBatch& x) {
  std::vector<double>&running_mean = arrays.at(layer.name + ".running_mean"),
  &running_variance = arrays.at(layer.name + ".running_var");
  const std::size_t positions = x.shape.height * x.shape.width;
  const auto count = static_cast<double>(x.images * positions);
  std::vector<double>&means = means_[layer.name], &deviations = deviations_[layer.name];
  means.assign(x.shape.channels, 0);
  deviations.assign(x.shape.channels, 0);
  const auto channel = [&](std::size_t k) { return k / positions % x.shape.channels; };
  for (std::size_t k = 0; k < x.values.size(); ++k) means[channel(k)] += x.values[k] / count;
  for (std::size_t k = 0; k < x.values.size(); ++k)
    deviations[channel(k)] += std::pow(x.values[k] - means[channel(k)], 2) / count;
  for (std::size_t c = 0; c < x.shape.channels; ++c) {
    running_mean[c] += kMomentum * (means[c] - running_mean[c]);
    running_variance[c] += kMomentum * (deviations[c] * count / (count - 1) - running_variance[c]);
    deviations[c] = std::sqrt(deviations[c] + kEpsilon);
  }
}

void ReferenceNetwork::take_largest(const Layer& layer, const PlainBatch& x, PlainBatch& y) {
  std::fill(y.values.begin(), y.values.end(), -INFINITY);
  for_each_in_windows(layer, x, y, [&](auto n, auto c, auto i, auto j, auto row, auto column) {
    y.at(n, c, i, j) = std::max(y.at(n, c, i, j), x.at(n, c, row, column));
  });
  const double close = kCloseCall * root_mean_square(x);
  for_each_in_windows(layer, x, y, [&](auto n, auto c, auto i, auto j, auto row, auto column) {
    const double distance = y.at(n, c, i, j) - x.at(n, c, row, column);
    close_calls_ += distance > 0 && distance < close;
  });
}

void ReferenceNetwork::take_mean(const Layer& layer, const PlainBatch& x, PlainBatch& y) {
  PlainBatch count(y.shape, y.images);
  for_each_in_windows(layer, x, y, [&](auto n, auto c, auto i, auto j, auto row, auto column) {
    y.at(n, c, i, j) += x.at(n, c, row, column);
    count.at(n, c, i, j) += 1;
  });
  for (std::size_t k = 0; k < y.values.size(); ++k) y.values[k] /= count.values[k];
}

// Every stride-th row and column, and channels of zeros after those of x.
void ReferenceNetwork::subsample(const PlainBatch& x, PlainBatch& y) const {
  const std::size_t stride = shortcut_stride(x.shape, y.shape);
  for (std::size_t n = 0; n < x.images; ++n)
    for (std::size_t c = 0; c < x.shape.channels; ++c)
      for (std::size_t i = 0; i < y.shape.height; ++i)
        for (std::size_t j = 0; j < y.shape.width; ++j) y.at(n, c, i, j) = x.at(n, c, i * stride, j * stride);
}

// What dropout multiplies each value by.
PlainBatch ReferenceNetwork::dropout_factors(const Layer& layer, const PlainBatch& x) const {
  PlainBatch factors(x.shape, x.images);
  const std::size_t features = x.shape.features();
  std::fill(factors.values.begin(), factors.values.end(), 1.0);
  for (std::size_t first = 0; step_ && first < x.images; first += part_) {
    const std::size_t images = std::min(part_, x.images - first);
    Activations<double> ones(features, images, kLaneMultiple);
    std::fill_n(ones.data(), ones.size(), 1.0);
    const std::string purpose = "dropout/" + layer.name;
    dropout({step_->seed, purpose, step_->level, step_->step << 32 | first}, layer.rate, ones, ones);
    for (std::size_t n = 0; n < images; ++n)
      for (std::size_t f = 0; f < features; ++f) factors.values[(first + n) * features + f] = ones.at(f, n);
  }
  return factors;
}

double ReferenceNetwork::backward(std::span<const std::uint8_t> labels) {
  gradients.clear();
  std::vector<PlainBatch> d;  // of each output
  for (const PlainBatch& output : outputs_) d.emplace_back(output.shape, output.images);
  double loss = 0;
  const PlainBatch& logits = outputs_.back();
  for (std::size_t n = 0; n < logits.images; ++n) {
    const double* z = logits.values.data() + n * classes_;
    const double largest = *std::max_element(z, z + classes_);
    double sum = 0;
    for (std::size_t c = 0; c < classes_; ++c) sum += std::exp(z[c] - largest);
    loss += std::log(sum) + largest - z[labels[n]];
    for (std::size_t c = 0; c < classes_; ++c)
      d.back().values[n * classes_ + c] = std::exp(z[c] - largest) / sum;
  }
  if (disturb) disturb(d.back().values);  // probabilities, of which one may lack little of 1
  for (std::size_t n = 0; n < logits.images; ++n) {
    d.back().values[n * classes_ + labels[n]] -= 1;
    for (std::size_t c = 0; c < classes_; ++c)
      d.back().values[n * classes_ + c] /= static_cast<double>(logits.images);
  }
  for (std::size_t i = model_.layers.size(); i-- > 0;) {
    const Layer& layer = model_.layers[i];
    PlainBatch& dy = d[i + 1];
    if (layer.kind == Kind::shortcut) continue;
    const auto rectify_gradient = [&] {
      for (std::size_t k = 0; k < dy.values.size(); ++k) dy.values[k] *= outputs_[i + 1].values[k] > 0;
    };
    if (layer.sum_relu) rectify_gradient();
    if (layer.adds_shortcut) {
      PlainBatch& dx = d[inputs_[layer.shortcut]];
      const std::size_t stride = shortcut_stride(dx.shape, dy.shape);
      for (std::size_t n = 0; n < dx.images; ++n)
        for (std::size_t c = 0; c < dx.shape.channels; ++c)
          for (std::size_t y = 0; y < dy.shape.height; ++y)
            for (std::size_t x = 0; x < dy.shape.width; ++x)
              dx.at(n, c, y * stride, x * stride) += dy.at(n, c, y, x);
    }
    if (layer.relu) rectify_gradient();
    pull_back(i, outputs_[inputs_[i]], dy, d[inputs_[i]]);
    if (disturb) disturb(d[inputs_[i]].values);
  }
  return loss;
}

void ReferenceNetwork::pull_back(std::size_t i, const PlainBatch& x, const PlainBatch& dy, PlainBatch& dx) {
  const Layer& layer = model_.layers[i];
  switch (layer.kind) {
    case Kind::convolution:
      return pull_back_convolution(layer, x, dy, dx);
    case Kind::linear:
      return pull_back_linear(layer, x, dy, dx);
    case Kind::batch_norm:
      return pull_back_norm(layer, x, dy, dx);
    case Kind::max_pooling:
      return pull_back_largest(layer, x, dy, dx);
    case Kind::average_pooling:
    case Kind::global_average_pooling:
      return pull_back_mean(layer, dy, dx);
    case Kind::dropout: {
      const PlainBatch factors = dropout_factors(layer, x);
      for (std::size_t k = 0; k < dx.values.size(); ++k) dx.values[k] += dy.values[k] * factors.values[k];
      return;
    }
    case Kind::shortcut:
      return;
  }
}

std::vector<double>& ReferenceNetwork::gradient(const std::string& name) {
  std::vector<double>& values = gradients[name];
  values.assign(arrays.at(name).size(), 0);
  return values;
}

void ReferenceNetwork::pull_back_convolution(const Layer& layer, const PlainBatch& x, const PlainBatch& dy,
                                             PlainBatch& dx) {
  const std::vector<double>& w = arrays.at(layer.name + ".weight");
  std::vector<double>& dw = gradient(layer.name + ".weight");
  for_each_product(layer, padding(layer), x, dy,
                   [&](auto n, auto weight, auto o, auto i, auto j, auto c, auto row, auto column) {
                     dw[weight] += dy.at(n, o, i, j) * x.at(n, c, row, column);
                     dx.at(n, c, row, column) += dy.at(n, o, i, j) * w[weight];
                   });
  if (!layer.bias) return;
  std::vector<double>& db = gradient(layer.name + ".bias");
  for (std::size_t k = 0; k < dy.values.size(); ++k)
    db[k / (dy.shape.height * dy.shape.width) % dy.shape.channels] += dy.values[k];
}

void ReferenceNetwork::pull_back_linear(const Layer& layer, const PlainBatch& x, const PlainBatch& dy,
                                        PlainBatch& dx) {
  const std::vector<double>& w = arrays.at(layer.name + ".weight");
  std::vector<double>&dw = gradient(layer.name + ".weight"), &db = gradient(layer.name + ".bias");
  const std::size_t inputs = x.shape.features(), outputs = dy.shape.features();
  for (std::size_t n = 0; n < x.images; ++n)
    for (std::size_t o = 0; o < outputs; ++o) {
      const double g = dy.values[n * outputs + o];
      db[o] += g;
      for (std::size_t f = 0; f < inputs; ++f) {
        dw[o * inputs + f] += g * x.values[n * inputs + f];
        dx.values[n * inputs + f] += g * w[o * inputs + f];
      }
    }
}

void ReferenceNetwork::pull_back_norm(const Layer& layer, const PlainBatch& x, const PlainBatch& dy,
                                      PlainBatch& dx) {
  const std::vector<double>&gamma = arrays.at(layer.name + ".weight"), &means = means_.at(layer.name),
        &deviations = deviations_.at(layer.name);
  std::vector<double>&dgamma = gradient(layer.name + ".weight"), &dbeta = gradient(layer.name + ".bias");
  const std::size_t positions = x.shape.height * x.shape.width;
  const auto count = static_cast<double>(x.images * positions);
  const auto channel = [&](std::size_t k) { return k / positions % x.shape.channels; };
  const auto normalized = [&](std::size_t k) {
    return (x.values[k] - means[channel(k)]) / deviations[channel(k)];
  };
  for (std::size_t k = 0; k < x.values.size(); ++k) {
    dgamma[channel(k)] += dy.values[k] * normalized(k);
    dbeta[channel(k)] += dy.values[k];
  }
  for (std::size_t k = 0; k < x.values.size(); ++k) {
    const std::size_t c = channel(k);
    dx.values[k] +=
        gamma[c] / deviations[c] * (dy.values[k] - dbeta[c] / count - normalized(k) * dgamma[c] / count);
  }
}

// The first largest input of a window, row by row, takes its gradient.
void ReferenceNetwork::pull_back_largest(const Layer& layer, const PlainBatch& x, const PlainBatch& dy,
                                         PlainBatch& dx) const {
  PlainBatch largest(dy.shape, dy.images), taken(dy.shape, dy.images);
  std::fill(largest.values.begin(), largest.values.end(), -INFINITY);
  for_each_in_windows(layer, x, dy, [&](auto n, auto c, auto i, auto j, auto row, auto column) {
    largest.at(n, c, i, j) = std::max(largest.at(n, c, i, j), x.at(n, c, row, column));
  });
  for_each_in_windows(layer, x, dy, [&](auto n, auto c, auto i, auto j, auto row, auto column) {
    if (x.at(n, c, row, column) != largest.at(n, c, i, j) || taken.at(n, c, i, j) > 0) return;
    taken.at(n, c, i, j) = 1;
    dx.at(n, c, row, column) += dy.at(n, c, i, j);
  });
}

void ReferenceNetwork::pull_back_mean(const Layer& layer, const PlainBatch& dy, PlainBatch& dx) const {
  const bool whole = layer.kind == Kind::global_average_pooling;
  const auto window =
      static_cast<double>(whole ? dx.shape.height * dx.shape.width : layer.height * layer.width);
  for_each_in_windows(layer, dx, dy, [&](auto n, auto c, auto i, auto j, auto row, auto column) {
    dx.at(n, c, row, column) += dy.at(n, c, i, j) / window;
  });
}

}  // namespace ltlab::test
