#include "ltlab/lottery/level_training.h"

#include <chrono>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

constexpr std::chrono::seconds kCheckpointInterval{30};

// One level under way: the network, its trainer, and what is known of it besides.
class LevelTraining {
 public:
  LevelTraining(const LevelStart& start, RunStore& store)
      : start_(start),
        store_(store),
        network_(make_network<float>(start.model, start.data.dataset.train.shape, start.data.dataset.classes,
                                     start.training.batch)),
        started_utc_(utc_now()) {
    network_.apply(start.masks);
    network_.assign(start.weights);
    if (start.record_initial_weights) initial_weights_ = network_.tensors();
    if (store.has_checkpoint(start.level)) {
      go_on(store.read_checkpoint(start.level));
    } else {
      begin();
    }
  }

  void run(const StepHook& after_step, const std::stop_token& stop) {
    while (!trainer_->finished()) {
      if (stop.stop_requested()) {
        checkpoint();
        throw Interrupted();
      }
      trainer_->advance();
      after_step(*trainer_, network_);
      if (std::chrono::steady_clock::now() - checkpoint_time_ > kCheckpointInterval) checkpoint();
    }
  }

  LevelSummary record() {
    LevelRecord record;
    record.level = start_.level;
    record.density = density(start_.masks);
    record.masks = start_.masks;
    record.weights = network_.tensors();
    record.initial_weights = std::move(initial_weights_);
    if (start_.record_optimizer) record.optimizer = trainer_->optimizer().tensors();
    record.metrics = trainer_->metrics();
    record.kernels = kernels_;
    record.steps = start_.training.steps;
    record.first_step = start_.first_step;
    const Evaluation last = trainer_->test(), early = trainer_->test_early_stop();
    record.test_loss = last.loss;
    record.test_accuracy = last.accuracy;
    record.validation_loss = record.metrics.back().validation_loss;
    record.validation_accuracy = record.metrics.back().validation_accuracy;
    record.early_stop_step = trainer_->early_stop_step();
    record.early_stop_validation_loss = trainer_->early_stop_validation_loss();
    record.early_stop_test_loss = early.loss;
    record.early_stop_test_accuracy = early.accuracy;
    record.cost = cost();
    record.started_utc = started_utc_;
    record.finished_utc = utc_now();
    store_.write_level(record);
    return record;
  }

 private:
  void begin() {
    trainer_ = std::make_unique<Trainer>(network_, start_.data, start_.training, start_.order_seed,
                                         start_.order_level, start_.first_step);
    if (!start_.optimizer.empty()) trainer_->restore_optimizer(start_.optimizer);
    kernels_ = network_.choose_kernels(start_.kernel);
    if (start_.kernel.measures()) checkpoint();
  }

  void go_on(TrainingCheckpoint checkpoint) {
    kernels_ = std::move(checkpoint.kernels);
    network_.set_kernels(kernels_);
    const TrainerState state{checkpoint.step, std::move(checkpoint.state), std::move(checkpoint.metrics),
                             checkpoint.loss_sum, checkpoint.loss_count};
    trainer_ = std::make_unique<Trainer>(network_, start_.data, start_.training, start_.order_seed,
                                         start_.order_level, state, checkpoint.wall_seconds);
    started_utc_ = checkpoint.started_utc;
  }

  void checkpoint() {
    TrainerState state = trainer_->state();
    store_.write_checkpoint({start_.level, state.step, start_.masks, std::move(state.tensors),
                             std::move(state.metrics), kernels_, state.loss_sum, state.loss_count,
                             trainer_->wall_seconds(), started_utc_});
    checkpoint_time_ = std::chrono::steady_clock::now();
  }

  Cost cost() const {
    const Flops flops = network_.flops();
    const auto images =
        static_cast<double>(images_seen(start_.training.steps) - images_seen(start_.first_step));
    return {trainer_->wall_seconds(), flops.done * images, flops.dense * images};
  }

  // By the first `steps` steps; an epoch's last batch may be smaller.
  std::uint64_t images_seen(std::uint64_t steps) const {
    const std::uint64_t images = start_.data.dataset.training.size(), batch = start_.training.batch;
    const std::uint64_t per_epoch = (images + batch - 1) / batch;
    return steps / per_epoch * images + steps % per_epoch * batch;
  }

  const LevelStart& start_;
  RunStore& store_;
  Network<float> network_;
  std::unique_ptr<Trainer> trainer_;
  std::vector<Tensor> initial_weights_;  // zero where pruned; empty unless they are to be recorded
  std::vector<KernelChoice> kernels_;
  std::string started_utc_;
  std::chrono::steady_clock::time_point checkpoint_time_ = std::chrono::steady_clock::now();
};

}  // namespace

LevelSummary train_level(const LevelStart& start, RunStore& store, const StepHook& after_step,
                         const std::stop_token& stop) {
  LevelTraining training(start, store);
  training.run(after_step, stop);
  return training.record();
}

}  // namespace ltlab
