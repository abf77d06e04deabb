#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ltlab/train/data_order.h"
#include "ltlab/train/evaluation.h"
#include "ltlab/train/learning_rate.h"
#include "ltlab/train/metrics.h"
#include "ltlab/train/optimizer.h"

namespace ltlab {

/// How a network is trained.
struct TrainingConfig {
  StepCount steps = 50000;  ///< optimizer steps, counted from initialization
  std::size_t batch = 60;
  StepCount validate_every = 100;
  Augmentation augmentation = Augmentation::none;  ///< of the training images
  LearningRateSchedule learning_rate;
  OptimizerConfig optimizer;
};

/// The data as training uses it, shared by all workers.
struct TrainingData {
  /// Gathers the validation and test sets for networks whose batches are laid out like `input`.
  TrainingData(Dataset source, const ActivationShape& input);

  Dataset dataset;
  EvaluationSet validation, test;
};

/// Everything that changes while a network trains. Restoring it continues bit by bit.
struct TrainerState {
  std::uint64_t step = 0;
  std::vector<Tensor>
      tensors;  ///< "weights/...", "optimizer/...", "best/..." (weights at the lowest validation loss)
  std::vector<MetricsRow> metrics;
  double loss_sum = 0;           ///< training loss summed over the images since the last metrics row
  std::uint64_t loss_count = 0;  ///< images in loss_sum
  std::uint64_t mask_step = 0;   ///< step at which the masks last changed; 0 if they never did
};

/// Trains one network at one level: steps, regular validation, and the weights at the early-stopping step,
/// that of minimum validation loss (Frankle & Carbin 2019, section 1) since the masks last changed.
class Trainer {
 public:
  /// Trains from `first_step` on with a fresh optimizer. (seed, level) names the images' order and
  /// augmentation and what dropout drops. The network already holds its weights and masks. Both references
  /// must outlive the trainer.
  Trainer(Network<float>& network, const TrainingData& data, const TrainingConfig& config, std::uint64_t seed,
          std::uint64_t level, std::uint64_t first_step);
  /// Continues from `state`, which another trainer of the same network, data, config, seed and level left
  /// after `wall_seconds` of training. The network holds its masks already; its weights come from the state.
  Trainer(Network<float>& network, const TrainingData& data, const TrainingConfig& config, std::uint64_t seed,
          std::uint64_t level, const TrainerState& state, double wall_seconds);

  std::uint64_t step() const { return step_; }
  bool finished() const { return step_ >= config_.steps; }
  /// Does one optimizer step, and a validation if one is due. NumericError when a loss or a weight is NaN or
  /// infinite.
  void advance();

  /// Replace advance() where masks change in between: an optimizer step, or one that only computes the
  /// gradients of all weights, also pruned ones; new masks; a validation if one is due.
  void update();
  std::vector<Tensor> dense_gradients();
  void apply(const std::vector<Mask>& masks);
  void validate_if_due();

  const std::vector<MetricsRow>& metrics() const { return metrics_; }
  std::uint64_t early_stop_step() const { return best_step_; }
  double early_stop_validation_loss() const { return best_loss_; }
  std::uint64_t mask_step() const { return mask_step_; }
  /// Returns the seconds spent training so far, including those before the state that was restored.
  double wall_seconds() const;

  /// Returns test-set loss and accuracy of the present weights, and of those at the early-stopping step.
  Evaluation test();
  Evaluation test_early_stop();
  /// Return what the present weights say of each image of the test and the validation set.
  Predictions predict_test() { return predict(network_, data_.test); }
  Predictions predict_validation() { return predict(network_, data_.validation); }

  /// Returns the SHA-256 that names the order of the training images, counted from initialization, so that it
  /// is the same whatever step training begins at. It is over the lines "FINGERPRINT\nBATCH\nAUGMENTATION\n"
  /// (Dataset::fingerprint, TrainingConfig::batch and the name of TrainingConfig::augmentation) and the first
  /// epoch's images in their order, as little-endian uint32: equal hashes mean the same images at each step.
  std::string order_sha256() const;

  const Optimizer& optimizer() const { return *optimizer_; }
  /// Takes over an optimizer's state at a rewind point.
  void restore_optimizer(const std::vector<Tensor>& tensors) { optimizer_->restore(tensors); }

  TrainerState state() const;

 private:
  // Makes a fresh optimizer at step 0; nothing is validated yet.
  Trainer(Network<float>& network, const TrainingData& data, const TrainingConfig& config, std::uint64_t seed,
          std::uint64_t level);
  void gather_batch();      // of the present step
  void forward_backward();  // of the batch
  void validate();
  void keep_as_best();  // the present weights
  void check_finite() const;
  NumericError not_finite(const std::string& what) const;

  Network<float>& network_;
  const TrainingData& data_;
  TrainingConfig config_;
  std::uint64_t seed_, level_;
  DataOrder order_;
  std::unique_ptr<Optimizer> optimizer_;
  Activations<float> images_;
  std::vector<std::uint8_t> labels_;
  std::vector<ImageView> views_;  // of the batch's images, if they are augmented

  std::uint64_t step_ = 0;
  double loss_sum_ = 0;
  std::uint64_t loss_count_ = 0;
  std::vector<MetricsRow> metrics_;
  std::uint64_t mask_step_ = 0;
  std::uint64_t best_step_ = 0;
  double best_loss_;
  std::vector<AlignedVector<float>> best_;  // the network's arrays at best_step_
  std::chrono::steady_clock::time_point start_;
  double seconds_before_ = 0;
};

}  // namespace ltlab
