#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ltlab/nn/hessian_product.h"
#include "ltlab/nn/models.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// A network's place in weight space: its arrays, zero where pruned, batch norm's running statistics
/// included.
struct WeightPoint {
  std::vector<Mask> masks;
  std::vector<Tensor> values;
};

/// StoreError where a value is not finite.
void require_finite(const WeightPoint& point);

/// The data on which a model's loss landscape is measured: random training images, and the test set.
class LandscapeData {
 public:
  /// Draws `images` of the training images (all where there are fewer), the same for all networks: named by
  /// the purpose "landscape-images" alone. `batch` is the search's; `data`, laid out for it, must outlive
  /// this.
  LandscapeData(const TrainingData& data, std::string model, std::size_t batch, std::size_t images);

  const EvaluationSet& train() const { return train_; }
  const EvaluationSet& test() const { return data_.test; }
  /// Returns the drawn training images, in batches of the search's size.
  std::vector<LabelledBatch<double>> batches() const;

  /// Returns a network under these masks; pruned layers compute sparse. ConfigError if the masks are not the
  /// model's.
  template <class T>
  Network<T> network(const std::vector<Mask>& masks) const {
    const Dataset& dataset = data_.dataset;
    Network<T> network = make_network<T>(model_, dataset.train.shape, dataset.classes, batch_);
    network.apply(masks);
    return network;
  }

 private:
  const TrainingData& data_;
  std::string model_;
  std::size_t batch_;
  EvaluationSet train_;
};

}  // namespace ltlab
