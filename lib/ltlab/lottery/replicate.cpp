#include "ltlab/lottery/replicate.h"

#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/flop_budget.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/lottery/search_folders.h"
#include "ltlab/lottery/transfer.h"
#include "ltlab/nn/model_text.h"
#include "ltlab/nn/models.h"

namespace ltlab {

Replicate::Replicate(const SearchConfig& config, const TrainingData& data, std::filesystem::path folder,
                     unsigned number)
    : config_(config),
      data_(data),
      number_(number),
      store_(std::move(folder)),
      network_(make_network<float>(config.model, data.dataset.train.shape, data.dataset.classes, 1)),
      run_(describe_run("ticket", 0, config.model, data.dataset)) {
  run_ = read_earlier(store_, run_).value_or(run_);
  run_.totals.reset();  // set anew when the search ends
}

RunRecord Replicate::describe_run(const std::string& branch, unsigned trial, const std::string& model,
                                  const Dataset& dataset) const {
  const ImageShape& image = dataset.train.shape;
  RunRecord run;
  run.config = config_text(config_);
  run.model = model;
  run.model_text = one_line(model_text(model));
  run.image =
      std::to_string(image.channels) + "x" + std::to_string(image.height) + "x" + std::to_string(image.width);
  run.branch = branch;
  run.seed = config_.seed + number_;
  run.trial = trial;
  run.dataset = dataset.name;
  run.dataset_fingerprint = dataset.fingerprint;
  run.classes = dataset.classes;
  run.rewind_step = config_.rewind_step;
  run.started_utc = utc_now();
  return run;
}

void Replicate::establish_initial_weights() {
  std::vector<Tensor> brought;
  if (!config_.from.empty()) {
    SavedTickets tickets = read_saved_tickets(config_.from, number_);
    saved_masks_ = fitted_masks(tickets, network_, config_.from);
    brought = std::move(tickets.weights);
  }
  if (run_.init_weights.empty() && !config_.pretrains())
    set_initial_weights(adapted(brought, draw_weights(network_)));
  record_settings();
}

void Replicate::record_settings() {
  const std::string extent = std::exchange(run_.extent, extent_text(config_));
  const std::string directory = run_.data_directory;
  remember_data_directory(config_, run_.data_directory);
  if (store_.has_run() && run_.extent == extent && run_.data_directory == directory) return;
  store_.write_run(run_);
  if (config_.replicates > 1) RunStore(store_.folder().parent_path()).link_members();
}

std::vector<Tensor> Replicate::draw_weights(const Network<float>& network) const {
  std::vector<Tensor> weights;
  for (const Parameter<float>* array : network.arrays())
    weights.push_back(draw_initial(array->info(), config_.initialization, seeds().init, "init", 0, 0));
  return weights;
}

void Replicate::set_initial_weights(std::vector<Tensor> weights) {
  run_.init_weights = std::move(weights);
  if (config_.rewind_step == 0) run_.rewind_weights = run_.init_weights;
}

void Replicate::take_pretrained(const std::vector<Tensor>& weights) {
  set_initial_weights(adapted(weights, draw_weights(network_)));
  run_.init_origin = kPretrainedWeights;
  store_.write_run(run_);
}

void Replicate::record_rewind_point(const Trainer& trainer, const Network<float>& network) {
  run_.rewind_weights = network.tensors();
  run_.rewind_optimizer = trainer.optimizer().tensors();
  store_.write_run(run_);
}

LevelRecord Replicate::read_level(unsigned level) const {
  return read_sound_level(store_, level, run_.branch);
}

std::vector<PruningGroup> Replicate::plan(unsigned level) const {
  return plan_level(config_, full_masks(network_), level);
}

double Replicate::step_flops(const std::vector<Mask>& masks) const {
  return relative_step_flops(config_.model, data_.dataset.train.shape, data_.dataset.classes, masks);
}

void Replicate::fit_to_budget(LevelStart& start, double step_flops) const {
  const std::uint64_t steps = steps_of_budget(config_.training.steps, start.first_step, step_flops);
  start.training = stretched(config_.training, start.first_step, steps);
}

LevelStart Replicate::start_fresh(unsigned level, std::vector<Mask> masks, std::uint64_t first_step) const {
  LevelStart start{data_,
                   config_.model,
                   stretched(config_.training, first_step, config_.steps_of(level)),
                   config_.kernel,
                   level,
                   std::move(masks),
                   run_.init_weights};
  start.first_step = first_step;
  if (config_.budget == Budget::flops) fit_to_budget(start, step_flops(start.masks));
  start.order_seed = seeds().order;
  start.record_predictions = config_.predictions == RecordedPredictions::all;
  // A level that is not trained further has seen what the dense network saw.
  const bool trains = config_.retraining != Retraining::none;
  if (trains && config_.retraining_order == RetrainingOrder::fresh) start.order_level = level;
  return start;
}

LevelStart Replicate::start_dense() const {
  LevelStart start = start_fresh(0, full_masks(network_));
  start.record_optimizer = config_.retraining == Retraining::learning_rate_rewinding ||
                           config_.retraining == Retraining::fine_tuning;
  return start;
}

LevelStart Replicate::start_saved(unsigned level) const {
  if (level > saved_masks_.size()) {
    throw ConfigError("--from: '" + config_.from + "' has " + std::to_string(saved_masks_.size()) +
                      " pruned levels for replicate " + std::to_string(number_) +
                      ", fewer than for replicate 0: give one run for all");
  }
  return start_fresh(level, saved_masks_[level - 1]);
}

void Replicate::rewind(LevelStart& start) const {
  if (config_.rewind_step == 0) return;
  if (run_.rewind_weights.empty())
    throw StoreError(
        "'" + store_.run_path().string() +
        "' holds no weights of the rewind step, which level 0 left there; restore it from a copy");
  start.weights = run_.rewind_weights;
  start.optimizer = run_.rewind_optimizer;
}

}  // namespace ltlab
