#include "ltlab/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "ltlab/base/denormals.h"
#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"

namespace ltlab {
namespace {

std::vector<std::uint32_t> all_images(const ImageSet& images) {
  std::vector<std::uint32_t> indices(images.size());
  std::iota(indices.begin(), indices.end(), 0u);
  return indices;
}

// Appends the tensors, with `prefix` before their names.
void append_with_prefix(std::vector<Tensor>& to, const std::string& prefix, std::vector<Tensor> tensors) {
  for (Tensor& tensor : tensors) {
    tensor.name.insert(0, prefix);
    to.push_back(std::move(tensor));
  }
}

}  // namespace

TrainingData::TrainingData(Dataset source, const ActivationShape& input)
    : dataset(std::move(source)),
      validation(dataset.train, dataset.normalization, dataset.validation, input),
      test(dataset.test, dataset.normalization, all_images(dataset.test), input) {}

Trainer::Trainer(Network<float>& network, const TrainingData& data, const TrainingConfig& config,
                 std::uint64_t seed, std::uint64_t level)
    : network_(network),
      data_(data),
      config_(config),
      seed_(seed),
      level_(level),
      order_(data.dataset.training, config.batch, seed, level),
      optimizer_(make_optimizer(config.optimizer, network.parameters())),
      images_(network.input()),
      labels_(config.batch),
      best_loss_(std::numeric_limits<double>::infinity()),
      start_(std::chrono::steady_clock::now()) {
  for (const Parameter<float>* array : network_.arrays()) best_.push_back(array->values);
}

Trainer::Trainer(Network<float>& network, const TrainingData& data, const TrainingConfig& config,
                 std::uint64_t seed, std::uint64_t level, std::uint64_t first_step)
    : Trainer(network, data, config, seed, level) {
  step_ = first_step;
  validate();
}

Trainer::Trainer(Network<float>& network, const TrainingData& data, const TrainingConfig& config,
                 std::uint64_t seed, std::uint64_t level, const TrainerState& state, double wall_seconds)
    : Trainer(network, data, config, seed, level) {
  step_ = state.step;
  loss_sum_ = state.loss_sum;
  loss_count_ = state.loss_count;
  metrics_ = state.metrics;
  mask_step_ = state.mask_step;
  seconds_before_ = wall_seconds;
  for (const MetricsRow& row : metrics_) {
    if (row.step < mask_step_ || row.validation_loss >= best_loss_) continue;
    best_loss_ = row.validation_loss;
    best_step_ = row.step;
  }
  network_.assign(without_prefix(state.tensors, "best/"));
  keep_as_best();
  network_.assign(without_prefix(state.tensors, "weights/"));
  optimizer_->restore(without_prefix(state.tensors, "optimizer/"));
}

void Trainer::advance() {
  update();
  validate_if_due();
}

void Trainer::update() {
  const FlushDenormals flush;
  forward_backward();
  optimizer_->step(config_.learning_rate.rate(step_));
  ++step_;
}

std::vector<Tensor> Trainer::dense_gradients() {
  network_.keep_dense_gradients(true);
  forward_backward();
  network_.keep_dense_gradients(false);
  ++step_;
  return network_.dense_gradients();
}

// The optimizer's state of new survivors begins at 0, as their weights do.
void Trainer::apply(const std::vector<Mask>& masks) {
  const std::vector<Tensor> state = optimizer_->tensors();
  network_.apply(masks);
  optimizer_ = make_optimizer(config_.optimizer, network_.parameters());
  optimizer_->restore(state);
  mask_step_ = step_;
  best_loss_ = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < best_.size(); ++i) best_[i] = network_.arrays()[i]->values;
}

void Trainer::validate_if_due() {
  if (step_ % config_.validate_every == 0 || finished()) validate();
}

void Trainer::forward_backward() {
  gather_batch();
  const BatchLoss loss =
      network_.forward_backward(images_, std::span(labels_).first(images_.batch()), {seed_, level_, step_});
  loss_sum_ += loss.loss;
  loss_count_ += images_.batch();
}

void Trainer::gather_batch() {
  const ImageSet& train = data_.dataset.train;
  const std::span<const std::uint32_t> indices = order_.batch(step_);
  views_.clear();
  if (config_.augmentation == Augmentation::crop_flip) {
    const std::uint64_t epoch = step_ / order_.steps_per_epoch();
    for (const std::uint32_t index : indices) views_.push_back(draw_crop_flip(seed_, level_, epoch, index));
  }
  gather(train, data_.dataset.normalization, indices, views_, images_);
  for (std::size_t i = 0; i < indices.size(); ++i) labels_[i] = train.labels[indices[i]];
  prefetch(train, order_.batch(step_ + 1));
}

NumericError Trainer::not_finite(const std::string& what) const {
  if (metrics_.empty())
    return NumericError(what +
                        " is not finite before the first step: the weights that training starts from are "
                        "not, or too large");
  return NumericError("training diverged: " + what + " is not finite at step " + std::to_string(step_) +
                      "; lower the learning rate");
}

void Trainer::validate() {
  check_finite();
  const Evaluation validation = evaluate(network_, data_.validation);
  const double train_loss = loss_sum_ / static_cast<double>(loss_count_);  // NaN before the first step
  if (!std::isfinite(validation.loss) || (loss_count_ > 0 && !std::isfinite(train_loss))) {
    throw not_finite("the loss");
  }
  const double rate = metrics_.empty() ? 0.0 : config_.learning_rate.rate(step_ - 1);
  metrics_.push_back({step_, rate, train_loss, validation.loss, validation.accuracy, wall_seconds()});
  loss_sum_ = 0;
  loss_count_ = 0;
  if (validation.loss < best_loss_) {
    best_loss_ = validation.loss;
    best_step_ = step_;
    keep_as_best();
  }
}

void Trainer::keep_as_best() {
  const auto& arrays = network_.arrays();
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    std::copy(arrays[i]->values.begin(), arrays[i]->values.end(), best_[i].begin());
  }
}

// A NaN in a hidden layer can hide from the loss, since ReLU maps it to 0.
void Trainer::check_finite() const {
  for (const Parameter<float>* array : network_.arrays()) {
    if (!std::ranges::all_of(array->values, [](float value) { return std::isfinite(value); })) {
      throw not_finite("'" + array->info().name + "'");
    }
  }
}

double Trainer::wall_seconds() const {
  return seconds_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

Evaluation Trainer::test() {
  return evaluate(network_, data_.test);
}

Evaluation Trainer::test_early_stop() {
  const auto swap_weights = [&] {
    for (std::size_t i = 0; i < best_.size(); ++i) std::swap(network_.arrays()[i]->values, best_[i]);
  };
  swap_weights();
  const Evaluation result = evaluate(network_, data_.test);
  swap_weights();
  return result;
}

std::string Trainer::order_sha256() const {
  const Dataset& data = data_.dataset;
  const std::string header = data.fingerprint + "\n" + std::to_string(config_.batch) + "\n" +
                             augmentation_names().name(config_.augmentation) + "\n";
  const std::vector<std::uint32_t> images = order_.epoch(0);
  Sha256 hash;
  hash.add(std::as_bytes(std::span(header)));
  hash.add(std::as_bytes(std::span(images)));
  return hash.hex();
}

TrainerState Trainer::state() const {
  TrainerState state{step_, {}, metrics_, loss_sum_, loss_count_, mask_step_};
  append_with_prefix(state.tensors, "weights/", network_.tensors());
  append_with_prefix(state.tensors, "optimizer/", optimizer_->tensors());
  std::vector<Tensor> best;
  for (std::size_t i = 0; i < best_.size(); ++i) {
    const Parameter<float>& array = *network_.arrays()[i];
    best.push_back(array.expand(array.info().name, best_[i]));
  }
  append_with_prefix(state.tensors, "best/", std::move(best));
  return state;
}

}  // namespace ltlab
