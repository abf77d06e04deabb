#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ltlab/data/dataset.h"
#include "ltlab/nn/network.h"
#include "ltlab/train/predictions.h"

namespace ltlab {

/// Images gathered once into the kernels' layout, batch by batch, to be evaluated many times.
class EvaluationSet {
 public:
  /// Gathers the images `indices` in batches of the layout `input`.
  EvaluationSet(const ImageSet& images, const Normalization& normalization,
                std::span<const std::uint32_t> indices, const ActivationShape& input);

  std::size_t size() const { return labels_.size(); }
  std::size_t batches() const { return images_.size(); }
  const Activations<float>& images(std::size_t batch) const { return images_[batch]; }
  std::span<const std::uint8_t> labels(std::size_t batch) const;

 private:
  std::size_t batch_;
  std::vector<Activations<float>> images_;
  std::vector<std::uint8_t> labels_;
};

/// Mean loss and accuracy over a set.
struct Evaluation {
  double loss = 0;      ///< mean cross-entropy, nats
  double accuracy = 0;  ///< fraction in [0, 1]
};

Evaluation evaluate(Network<float>& network, const EvaluationSet& set);

/// Returns what the network says of each image of the set, in its order.
Predictions predict(Network<float>& network, const EvaluationSet& set);

}  // namespace ltlab
