#include "ltlab/train/evaluation.h"

#include <algorithm>

namespace ltlab {

EvaluationSet::EvaluationSet(const ImageSet& images, const Normalization& normalization,
                             std::span<const std::uint32_t> indices, const ActivationShape& input)
    : batch_(input.batch) {
  for (const std::uint32_t index : indices) labels_.push_back(images.labels[index]);
  for (std::size_t begin = 0; begin < indices.size(); begin += batch_) {
    ActivationShape shape = input;
    shape.batch = std::min(batch_, indices.size() - begin);
    images_.emplace_back(shape);
    gather(images, normalization, indices.subspan(begin, shape.batch), images_.back());
  }
}

std::span<const std::uint8_t> EvaluationSet::labels(std::size_t batch) const {
  return std::span(labels_).subspan(batch * batch_, images_[batch].batch());
}

Evaluation evaluate(Network<float>& network, const EvaluationSet& set) {
  BatchLoss sum;
  for (std::size_t b = 0; b < set.batches(); ++b) {
    const Activations<float>& logits = network.forward(set.images(b));
    const BatchLoss loss = softmax_cross_entropy<float>(logits, set.labels(b), logits.batch(), nullptr);
    sum.loss += loss.loss;
    sum.correct += loss.correct;
  }
  const auto images = static_cast<double>(set.size());
  return {sum.loss / images, static_cast<double>(sum.correct) / images};
}

Predictions predict(Network<float>& network, const EvaluationSet& set) {
  Predictions predictions{std::vector<std::uint8_t>(set.size()), std::vector<float>(set.size())};
  std::size_t begin = 0;
  for (std::size_t b = 0; b < set.batches(); ++b) {
    const Activations<float>& logits = network.forward(set.images(b));
    predict_classes(logits, std::span(predictions.classes).subspan(begin, logits.batch()),
                    std::span(predictions.probabilities).subspan(begin, logits.batch()));
    begin += logits.batch();
  }
  return predictions;
}

}  // namespace ltlab
