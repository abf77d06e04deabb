#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ltlab/base/image_shape.h"
#include "ltlab/nn/layer.h"
#include "ltlab/nn/model_text.h"

namespace ltlab::test {

/// A batch as plain rows: image i's feature f is values[i * shape.features() + f].
struct PlainBatch {
  ImageShape shape;
  std::size_t images = 0;
  std::vector<double> values;

  PlainBatch() = default;
  PlainBatch(const ImageShape& image, std::size_t count)
      : shape(image), images(count), values(image.features() * count) {}
  double& at(std::size_t i, std::size_t channel, std::size_t y, std::size_t x) {
    return values[((i * shape.channels + channel) * shape.height + y) * shape.width + x];
  }
  double at(std::size_t i, std::size_t channel, std::size_t y, std::size_t x) const {
    return values[((i * shape.channels + channel) * shape.height + y) * shape.width + x];
  }
};

/// What a model's text says, by the plainest loops in double over dense weights: no panels, borders, parts,
/// masks, vectors or fused steps. It shares with the product its reader of model texts and the random numbers
/// of its dropout, and nothing else.
class ReferenceNetwork {
 public:
  /// Dense values by name: "conv1.weight", "fc1.bias", "bn1.running_mean", ...
  using Arrays = std::map<std::string, std::vector<double>>;

  /// `part`: images that share a stream of dropout's random numbers.
  ReferenceNetwork(const std::string& model, std::size_t classes, std::size_t part);

  Arrays arrays;     ///< what forward() computes with; training changes running statistics
  Arrays gradients;  ///< what backward() gives, pruned weights' too
  /// Where it is set, done to what each layer gives, forward and backward: as rounding would, for one.
  std::function<void(std::vector<double>&)> disturb;

  /// Logits, [image][class]: in that step of training, after which backward() may be called, or in
  /// evaluation.
  const PlainBatch& forward(const std::optional<TrainingStep>& step, const PlainBatch& images);
  /// Gradients of the mean cross-entropy. Returns the summed loss.
  double backward(std::span<const std::uint8_t> labels);

  /// How many values of the last forward() lie so near to where a ReLU or a maximum switches, by their
  /// layer's size, that rounding to float may switch it: gradients then differ by what that value passes on.
  std::size_t close_calls() const { return close_calls_; }

 private:
  using Layer = ModelText::Layer;
  ImageShape output_shape(const Layer& layer, const ImageShape& input) const;
  std::size_t padding(const Layer& layer) const { return layer.padding.value_or(layer.height / 2); }

  void apply(std::size_t i, const PlainBatch& x, PlainBatch& y);
  void convolve(const Layer& layer, const PlainBatch& x, PlainBatch& y);
  void connect(const Layer& layer, const PlainBatch& x, PlainBatch& y);
  void normalize(const Layer& layer, const PlainBatch& x, PlainBatch& y);
  void take_moments(const Layer& layer, const PlainBatch& x);
  void take_largest(const Layer& layer, const PlainBatch& x, PlainBatch& y);
  void take_mean(const Layer& layer, const PlainBatch& x, PlainBatch& y);
  void subsample(const PlainBatch& x, PlainBatch& y) const;
  void rectify(PlainBatch& y);

  // dx += what layer i makes of dy.
  void pull_back(std::size_t i, const PlainBatch& x, const PlainBatch& dy, PlainBatch& dx);
  void pull_back_convolution(const Layer& layer, const PlainBatch& x, const PlainBatch& dy, PlainBatch& dx);
  void pull_back_linear(const Layer& layer, const PlainBatch& x, const PlainBatch& dy, PlainBatch& dx);
  void pull_back_norm(const Layer& layer, const PlainBatch& x, const PlainBatch& dy, PlainBatch& dx);
  void pull_back_largest(const Layer& layer, const PlainBatch& x, const PlainBatch& dy, PlainBatch& dx) const;
  void pull_back_mean(const Layer& layer, const PlainBatch& dy, PlainBatch& dx) const;

  std::vector<double>& gradient(const std::string& name);
  PlainBatch dropout_factors(const Layer& layer, const PlainBatch& x) const;

  ModelText model_;
  std::size_t classes_, part_;
  std::optional<TrainingStep> step_;  // of the last forward()
  std::vector<PlainBatch>
      outputs_;  // 0: the images; i + 1: of layer i, its shortcut and activations included
  std::vector<std::size_t> inputs_;                                // of layer i: the output that it reads
  std::map<std::string, std::vector<double>> means_, deviations_;  // of batch norms, in the last forward()
  std::size_t close_calls_ = 0;
};

}  // namespace ltlab::test
