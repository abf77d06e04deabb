#include "ltlab/lottery/level_training.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/file_checks.h"

namespace ltlab {
namespace {

constexpr std::chrono::seconds kCheckpointInterval{30};
// Kernels are chosen again once changing masks have less than this part of the density at the last choice: at
// most 18 times on the way to 2 %, and a choice is hardly wrong in between.
constexpr double kChooseAgain = 0.8;

// A layer without its mask would be trained whole.
void require_masks(const Network<float>& network, const std::vector<Mask>& masks) {
  std::size_t masked = 0;
  for (const Parameter<float>* parameter : network.parameters()) {
    const ParameterInfo& info = parameter->info();
    if (!info.prunable) continue;
    const Mask* mask = find_named(masks, info.name);
    if (!mask || mask->shape != info.shape)
      throw StoreError("parameter '" + info.name + "' has no mask of its shape: nothing is trained without");
    ++masked;
  }
  if (masked != masks.size())
    throw StoreError("there are masks of parameters that the network does not have");
}

// Scores are asked of sparse kernels.
Flops of_scores(double flops) {
  return {flops, flops, 0};
}

Flops times(const Flops& of_image, double images) {
  return {of_image.survivors * images, of_image.kernels * images, of_image.dense * images};
}

// One level under way: the network, its trainer, and further state.
class LevelTraining {
 public:
  LevelTraining(const LevelStart& start, RunStore& store)
      : start_(start),
        store_(store),
        network_(make_network<float>(start.model, start.data.dataset.train.shape, start.data.dataset.classes,
                                     start.training.batch)),
        masks_(start.masks),
        flops_(of_scores(start.flops_of_masks)),
        started_utc_(utc_now()) {
    require_masks(network_, start.masks);
    network_.apply(start.masks);
    as_stored(store.folder().string(), [&] { network_.assign(start.weights); });
    if (start.record_initial_weights) initial_weights_ = network_.tensors();
    if (store.has_checkpoint(start.level)) {
      take_up(store.read_checkpoint(start.level));
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
      advance();
      after_step(*trainer_, network_);
      if (std::chrono::steady_clock::now() - checkpoint_time_ > kCheckpointInterval) checkpoint();
    }
  }

  LevelSummary record() {
    LevelRecord record;
    record.level = start_.level;
    record.density = density(masks_);
    record.masks = masks_;
    record.weights = network_.tensors();
    record.initial_weights = std::move(initial_weights_);
    if (start_.record_optimizer) record.optimizer = trainer_->optimizer().tensors();
    record.metrics = trainer_->metrics();
    record.kernels = kernels_;
    if (start_.record_predictions)
      record.predictions = {trainer_->predict_test(), trainer_->predict_validation()};
    record.steps = start_.training.steps;
    record.first_step = start_.first_step;
    record.mask_step = trainer_->mask_step();
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
    record.order_sha256 = trainer_->order_sha256();
    record.started_utc = started_utc_;
    record.finished_utc = utc_now();
    store_.write_level(record);
    return record;
  }

 private:
  void begin() {
    trainer_ = std::make_unique<Trainer>(network_, start_.data, start_.training, start_.order_seed,
                                         start_.order_level, start_.first_step);
    if (start_.optimizer)
      as_stored(store_.folder().string(), [&] { trainer_->restore_optimizer(*start_.optimizer); });
    choose_kernels();
    if (start_.kernel.measures()) checkpoint();
  }

  // A state that no training leaves is the checkpoint's fault.
  void take_up(TrainingCheckpoint checkpoint) {
    const std::filesystem::path path = store_.checkpoint_path(start_.level);
    std::vector<std::string> faults = faults_of(checkpoint);
    if (faults.empty()) faults = disagreements(checkpoint);
    require_sound(path, faults, "move it away, and the level is trained from its beginning");
    as_stored(path.string(), [&] { go_on(std::move(checkpoint)); });
  }

  // Returns where the checkpoint contradicts this training.
  std::vector<std::string> disagreements(const TrainingCheckpoint& checkpoint) const {
    const std::uint64_t first = start_.first_step, last = start_.training.steps;
    if (checkpoint.level != start_.level)
      return {"it is of level " + std::to_string(checkpoint.level) + ", not " + std::to_string(start_.level)};
    if (checkpoint.step < first || checkpoint.step > last)
      return {"its step is " + std::to_string(checkpoint.step) + ", and training goes from " +
              std::to_string(first) + " to " + std::to_string(last)};
    // Another machine's rounding may have pruned others, but equally many.
    if (!start_.schedule && density(checkpoint.masks) != density(start_.masks))
      return {"its masks keep another number of weights than pruning leaves"};
    const std::uint64_t every = start_.training.validate_every;
    std::uint64_t rows = 1 + checkpoint.step / every - first / every;
    if (checkpoint.step == last && last > first && last % every != 0) ++rows;
    if (checkpoint.metrics.size() != rows || checkpoint.metrics.front().step != first)
      return {"metrics are not those of each validation from step " + std::to_string(first) + " on"};
    if (checkpoint.loss_count != images_seen(checkpoint.step) - images_seen(checkpoint.metrics.back().step))
      return {"loss_count is not the number of images since the last validation"};
    if (!start_.schedule && checkpoint.mask_step != 0)
      return {"mask_step says that masks have changed, which stay in this training"};
    return {};
  }

  void go_on(TrainingCheckpoint checkpoint) {
    require_masks(network_, checkpoint.masks);
    network_.apply(checkpoint.masks);  // which another machine's rounding might not find again
    masks_ = std::move(checkpoint.masks);
    if (start_.schedule) start_.schedule->restore(checkpoint.state);
    kernels_ = std::move(checkpoint.kernels);
    network_.set_kernels(kernels_);
    density_of_choice_ = density(masks_);
    // The start's, where an older checkpoint has none; before there were two figures, the kernels' was told.
    flops_.survivors = std::max(flops_.survivors, checkpoint.flops);
    flops_.kernels = std::max(flops_.survivors, checkpoint.kernel_flops);
    const TrainerState state{checkpoint.step,     std::move(checkpoint.state), std::move(checkpoint.metrics),
                             checkpoint.loss_sum, checkpoint.loss_count,       checkpoint.mask_step};
    trainer_ = std::make_unique<Trainer>(network_, start_.data, start_.training, start_.order_seed,
                                         start_.order_level, state, checkpoint.wall_seconds);
    started_utc_ = checkpoint.started_utc;
  }

  void advance() {
    if (start_.schedule && start_.schedule->changes_at(trainer_->step() + 1)) {
      change_masks();
    } else {
      trainer_->advance();
    }
  }

  // Takes one step, then new masks, so that a validation due sees the network as it goes on.
  void change_masks() {
    TrainedWeights before{masks_, {}, {}};
    Flops more_flops = of_scores(start_.schedule->flops_of_change(masks_));
    if (start_.schedule->sees_gradients()) {
      before.gradients = trainer_->dense_gradients();
      more_flops += times(dense_gradient_flops(), images_between(trainer_->step() - 1, trainer_->step()));
    } else {
      trainer_->update();
    }
    before.weights = network_.tensors();
    std::vector<Mask> masks = start_.schedule->change(trainer_->step(), before);
    const bool chose = masks != masks_ && take(std::move(masks));
    flops_ += more_flops;
    trainer_->validate_if_due();
    if (chose && start_.kernel.measures()) checkpoint();
  }

  // Goes on with other masks. Returns whether kernels were chosen anew.
  bool take(std::vector<Mask> masks) {
    flops_ = flops();
    masks_ = std::move(masks);
    trainer_->apply(masks_);
    const bool choose = !start_.kernel.measures() || density(masks_) < kChooseAgain * density_of_choice_;
    if (choose) {
      choose_kernels();
    } else {
      network_.set_kernels(kernels_);
    }
    return choose;
  }

  void choose_kernels() {
    kernels_ = network_.choose_kernels(start_.kernel);
    density_of_choice_ = density(masks_);
  }

  // Returns the FLOPs per image, beyond those of any step.
  Flops dense_gradient_flops() {
    const Flops others = network_.flops();
    network_.keep_dense_gradients(true);
    const Flops all = network_.flops();
    network_.keep_dense_gradients(false);
    return {all.survivors - others.survivors, all.kernels - others.kernels, 0};
  }

  void checkpoint() {
    TrainerState state = trainer_->state();
    if (start_.schedule) std::ranges::move(start_.schedule->memory(), std::back_inserter(state.tensors));
    store_.write_checkpoint({start_.level, state.step, masks_, std::move(state.tensors),
                             std::move(state.metrics), kernels_, state.loss_sum, state.loss_count,
                             trainer_->wall_seconds(), started_utc_, state.mask_step, flops_.survivors,
                             flops_.kernels});
    checkpoint_time_ = std::chrono::steady_clock::now();
  }

  Cost cost() const {
    const Flops done = flops();
    const double images = images_between(start_.first_step, trainer_->step());
    return {trainer_->wall_seconds(), done.survivors, network_.flops().dense * images, done.kernels};
  }

  // Returns the FLOPs done so far: until the masks changed last, and since then.
  Flops flops() const {
    const std::uint64_t since = std::max(start_.first_step, trainer_->mask_step());
    Flops sum = flops_;
    return sum += times(network_.flops(), images_between(since, trainer_->step()));
  }

  double images_between(std::uint64_t first, std::uint64_t last) const {
    return static_cast<double>(images_seen(last) - images_seen(first));
  }

  // Returns the images seen in the first `steps` steps; an epoch's last batch may be smaller.
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
  std::vector<Mask> masks_;
  std::vector<KernelChoice> kernels_;
  double density_of_choice_ = 1;
  Flops flops_;  // until the masks changed last
  std::string started_utc_;
  std::chrono::steady_clock::time_point checkpoint_time_ = std::chrono::steady_clock::now();
};

}  // namespace

std::vector<Mask> full_masks(const Network<float>& network) {
  std::vector<Mask> masks;
  for (const Parameter<float>* parameter : network.parameters()) {
    if (parameter->info().prunable)
      masks.push_back(full_mask(parameter->info().name, parameter->info().shape));
  }
  return masks;
}

LevelSummary train_level(const LevelStart& start, RunStore& store, const StepHook& after_step,
                         const std::stop_token& stop) {
  LevelTraining training(start, store);
  training.run(after_step, stop);
  return training.record();
}

}  // namespace ltlab
