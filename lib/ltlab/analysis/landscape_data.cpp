#include "ltlab/analysis/landscape_data.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/random.h"

namespace ltlab {
namespace {

EvaluationSet drawn_images(const Dataset& dataset, std::size_t images, const ActivationShape& input) {
  std::vector<std::uint32_t> drawn = dataset.training;
  RandomStream({0, "landscape-images", 0, 0}).shuffle(drawn);
  drawn.resize(std::min(images, drawn.size()));
  return {dataset.train, dataset.normalization, drawn, input};
}

LabelledBatch<double> in_double(const Activations<float>& images, std::span<const std::uint8_t> labels) {
  LabelledBatch<double> batch{Activations<double>(images.shape()), {labels.begin(), labels.end()}};
  std::copy_n(images.data(), images.shape().size(), batch.images.data());
  return batch;
}

}  // namespace

void require_finite(const WeightPoint& point) {
  for (const Tensor& tensor : point.values) {
    if (std::ranges::all_of(tensor.values, [](float value) { return std::isfinite(value); })) continue;
    throw StoreError("'" + tensor.name +
                     "' holds values that are not finite: the level is damaged, see `ltlab verify`");
  }
}

LandscapeData::LandscapeData(const TrainingData& data, std::string model, std::size_t batch,
                             std::size_t images)
    : data_(data),
      model_(std::move(model)),
      batch_(batch),
      train_(drawn_images(data.dataset, images,
                          input_layout(model_, data.dataset.train.shape, data.dataset.classes, batch))) {}

std::vector<LabelledBatch<double>> LandscapeData::batches() const {
  std::vector<LabelledBatch<double>> batches;
  for (std::size_t b = 0; b < train_.batches(); ++b)
    batches.push_back(in_double(train_.images(b), train_.labels(b)));
  return batches;
}

}  // namespace ltlab
