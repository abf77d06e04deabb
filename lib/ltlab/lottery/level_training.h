#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "ltlab/lottery/mask_schedule.h"
#include "ltlab/nn/kernel_choice.h"
#include "ltlab/store/run_store.h"
#include "ltlab/train/trainer.h"

namespace ltlab {

/// A (sub)network about to be trained: how it trains, and what it starts from.
struct LevelStart {
  const TrainingData& data;
  std::string model;
  TrainingConfig training;  ///< all in steps
  KernelPolicies kernel;
  unsigned level = 0;
  std::vector<Mask> masks;                            ///< at the beginning
  std::vector<Tensor> weights;                        ///< dense; the survivors' values are taken
  std::optional<std::vector<Tensor>> optimizer = {};  ///< state at first_step; none for a fresh optimizer
  std::uint64_t first_step = 0;
  double flops_of_masks = 0;                      ///< of finding the masks, beyond training
  std::shared_ptr<MaskSchedule> schedule = {};    ///< of the masks; null where they stay
  std::uint64_t order_seed = 0, order_level = 0;  ///< name the images' order and augmentation
  bool record_initial_weights = false;            ///< keep `weights` in the level file: no other has them
  bool record_optimizer = false;                  ///< keep its state after training there too
  bool record_predictions = true;                 ///< and what the trained weights say of single images
};

/// Returns masks of a network that keep everything.
std::vector<Mask> full_masks(const Network<float>& network);

/// Called after every optimizer step.
using StepHook = std::function<void(const Trainer&, const Network<float>&)>;

/// Trains a level and records it in `store`, with its final masks; goes on from its checkpoint where one is
/// left. Checkpoints are written when kernels were chosen by measurement (so that a resumed training replays
/// the choice), every half minute, and on interruption. While masks change, kernels are chosen again each
/// time a fifth of the weights present at the last choice are gone. Throws Interrupted when `stop` is
/// requested.
LevelSummary train_level(const LevelStart& start, RunStore& store, const StepHook& after_step,
                         const std::stop_token& stop);

}  // namespace ltlab
