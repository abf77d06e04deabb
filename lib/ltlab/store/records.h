#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ltlab/base/tensor.h"
#include "ltlab/nn/kernel_choice.h"
#include "ltlab/prune/mask.h"
#include "ltlab/train/metrics.h"
#include "ltlab/train/predictions.h"

namespace ltlab {

/// The cost of one level, or of several together.
struct Cost {
  double wall_seconds = 0;
  /// FLOPs of forward and backward products over the steps done, by the weights that survived at each: a
  /// multiply-add counts as two, a dense gradient as a whole, and the kernels make no difference. In files of
  /// ltlab 0.1.0, those that the kernels did.
  double flops = 0;
  double dense_flops = 0;   ///< the same for the unpruned network
  double kernel_flops = 0;  ///< that the chosen kernels did; 0 in files of ltlab 0.1.0

  Cost& operator+=(const Cost& other) {
    wall_seconds += other.wall_seconds;
    flops += other.flops;
    dense_flops += other.dense_flops;
    kernel_flops += other.kernel_flops;
    return *this;
  }
  bool operator==(const Cost&) const = default;
};

/// The figures that run.h5 holds once its search has ended.
struct RunTotals {
  Cost cost;                 ///< of all levels together
  std::string finished_utc;  ///< when the last of them was finished
  bool operator==(const RunTotals&) const = default;
};

/// The figures of one trained level.
struct LevelSummary {
  unsigned level = 0;
  double density = 1;                                   ///< over all prunable weights
  std::uint64_t steps = 0;                              ///< of a whole training, counted from initialization
  std::uint64_t first_step = 0;                         ///< the step training began at (the rewind step)
  double test_loss = 0, test_accuracy = 0;              ///< of the weights after training
  double validation_loss = 0, validation_accuracy = 0;  ///< of the weights after training
  std::uint64_t mask_step = 0;        ///< at which masks changed last; 0 where they never did in training
  std::uint64_t early_stop_step = 0;  ///< step of minimum validation loss since then
  double early_stop_validation_loss = 0;
  double early_stop_test_loss = 0, early_stop_test_accuracy = 0;  ///< of the weights at that step
  Cost cost;
  std::string order_sha256;               ///< Trainer::order_sha256(); empty in older files and imports
  std::string started_utc, finished_utc;  ///< ISO 8601
};

/// What the weights after training say of each image, in the order of the sets.
struct LevelPredictions {
  Predictions test;
  Predictions validation;  ///< of the held-out images, Dataset::validation
  bool empty() const { return *this == LevelPredictions(); }
  bool operator==(const LevelPredictions&) const = default;
};

/// Everything kept of one trained level: level-NNN.h5.
struct LevelRecord : LevelSummary {
  std::vector<Mask> masks;              ///< mask/<param>
  std::vector<Tensor> weights;          ///< weights/<param>: after training; zero where masked
  std::vector<Tensor> initial_weights;  ///< initial/<param>: before training, only where run.h5 lacks them
  std::vector<Tensor> optimizer;  ///< optimizer/<name>: after training, only where retraining goes on from it
  std::vector<MetricsRow> metrics;    ///< metrics: compound table
  std::vector<KernelChoice> kernels;  ///< kernels: compound table
  LevelPredictions predictions;       ///< predictions/: empty in older files, imports, and where left out
  std::string model = {};             ///< RunRecord::model, only in a file that is to stand alone
};

/// The state of a level's training: level-NNN.partial.h5, rewritten now and then, so that after a killed
/// process training goes on from here. A binary-exact image of the trainer's state.
struct TrainingCheckpoint {
  unsigned level = 0;
  std::uint64_t step = 0;
  std::vector<Mask> masks;
  std::vector<Tensor> state;  ///< dense: "weights/<param>", "optimizer/...", "best/<param>"
  std::vector<MetricsRow> metrics;
  std::vector<KernelChoice> kernels;
  double loss_sum = 0;           ///< training loss summed since the last metrics row
  std::uint64_t loss_count = 0;  ///< images in loss_sum
  double wall_seconds = 0;
  std::string started_utc;
  std::uint64_t mask_step = 0;         ///< at which the masks changed last; 0 where they never did
  double flops = 0, kernel_flops = 0;  ///< done until then, as in Cost
};

/// Returns whether runs of this branch hold tickets, found by a search or imported, and not controls.
inline bool is_ticket(const std::string& branch) {
  return branch == "ticket" || branch == "imported";
}

/// The record of a run: run.h5.
struct RunRecord {
  std::string config;      ///< what decides the results, one `name = value` a line: the format of --config
  std::string extent;      ///< how far the search is to go, likewise; a resumed search may extend it
  std::string model;       ///< description: "lenet-300-100" or "mlp:784-500-300-10"
  std::string image = {};  ///< what it was made for: "1x28x28", channels, height and width
  std::string model_text = {};  ///< of the model, whatever its name, on one line
  std::string branch;  ///< "ticket", a control ("random-reinit", "sign-only", ...), "pretraining" or "copy"
  std::uint64_t seed = 0;   ///< of this replicate
  std::uint64_t trial = 0;  ///< of a control or copy
  std::string dataset;      ///< Dataset::name
  std::string dataset_fingerprint;
  std::size_t classes = 0;     ///< of the dataset; 0 where an older file does not tell
  std::string data_directory;  ///< where the user said that the data lie, absolute; empty where left open
  std::uint64_t rewind_step = 0;
  std::string init_origin;  ///< "pretraining/level-000.h5": whose weights those at step 0 are; empty: drawn
  std::vector<Tensor> init_weights;    ///< init/<param>: weights at step 0, empty until pretraining has ended
  std::vector<Tensor> rewind_weights;  ///< rewind/<param>: weights at rewind_step, empty until known
  std::vector<Tensor> rewind_optimizer;  ///< rewind_optimizer/<name>: the optimizer's state there
  std::string started_utc;
  std::optional<RunTotals> totals =
      {};  ///< of its own levels; none while a search is under way or interrupted
};

/// States which files belong together; each file carries it. A collection has only a configuration.
struct RunIdentity {
  std::string config_sha256;
  std::string branch;
  std::string dataset_fingerprint;
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
  bool operator==(const RunIdentity&) const = default;
};

/// The common data of several runs: run.h5 of a folder that holds replicates, each in its own folder.
struct CollectionRecord {
  std::string config, extent, data_directory;  ///< as in RunRecord
  std::string started_utc;
  std::optional<RunTotals> totals = {};  ///< of all its members' levels, those of their controls too
};

}  // namespace ltlab
