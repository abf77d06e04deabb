#include "ltlab/lottery/replicate_search.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/dynamic_sparse_training.h"
#include "ltlab/lottery/early_bird.h"
#include "ltlab/lottery/flop_budget.h"
#include "ltlab/lottery/gradual_pruning.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/pruning_plan.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/lottery/search_folders.h"
#include "ltlab/lottery/transfer.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

// A network that only tells its parameters.
Network<float> describe_network(const std::string& model, const ImageShape& image, std::size_t classes) {
  return make_network<float>(model, image, classes, 1);
}

std::vector<Mask> full_masks(const Network<float>& network) {
  std::vector<Mask> masks;
  for (const Parameter<float>* parameter : network.parameters()) {
    if (parameter->info().prunable)
      masks.push_back(full_mask(parameter->info().name, parameter->info().shape));
  }
  return masks;
}

// Tickets of all replicates go before controls, and sparser levels after denser ones: the longest chain of
// levels that wait for each other starts first.
std::int64_t rank_of_ticket(unsigned level) {
  return level;
}
std::int64_t rank_of_control(unsigned level) {
  return (std::int64_t{1} << 32) + level;
}

}  // namespace

ReplicateSearch::ReplicateSearch(const SearchConfig& config, const TrainingData& data,
                                 const TrainingData* pretraining_data, std::filesystem::path folder,
                                 unsigned replicate, unsigned last_level, SearchSession& session)
    : config_(config),
      data_(data),
      pretraining_data_(pretraining_data),
      store_(std::move(folder)),
      replicate_(replicate),
      last_level_(last_level),
      session_(session),
      network_(describe_network(config.model, data.dataset.train.shape, data.dataset.classes)),
      run_(describe_run("ticket", 0, data.dataset)) {
  if (store_.has_run()) {
    run_ = read_same_run(store_, run_);
    run_.totals.reset();  // told anew when the search ends
  } else {
    require_no_levels(store_);
  }
}

void ReplicateSearch::start() {
  session_.queue.push(rank_of_ticket(0), [this] { begin(); });
}

// The weights of step 0 suffice for some levels, others wait for them.
void ReplicateSearch::begin() {
  establish_initial_weights();
  queue_levels_after(std::nullopt);
}

// Those that need nothing but what `level` (or, where there is none, the weights of step 0) has brought.
void ReplicateSearch::queue_levels_after(std::optional<unsigned> trained) {
  for (unsigned level = 0; level <= last_level_; ++level) {
    if (level_before(config_, level) == trained)
      session_.queue.push(rank_of_ticket(level), [this, level] { search_level(level); });
  }
}

// Train (or find trained) the network of one level, then queue its controls and the levels that waited.
void ReplicateSearch::search_level(unsigned level) {
  train_ticket(start_level(level));
  if (level > 0) queue_controls(level);
  queue_levels_after(level);
}

// As drawn, as a ticket of another run brings them, or as pretraining leaves them; the run's settings are on
// disk before that begins.
void ReplicateSearch::establish_initial_weights() {
  const bool known = !run_.init_weights.empty();
  std::vector<Tensor> brought;
  if (!config_.from.empty()) {
    SavedTickets tickets = read_saved_tickets(config_.from, replicate_);
    saved_masks_ = fitted_masks(tickets, network_, config_.from);
    brought = std::move(tickets.weights);
  }
  if (!known && !config_.pretrains()) set_initial_weights(adapted(brought, draw_weights(network_)));
  write_settings();
  if (known || !config_.pretrains()) return;
  set_initial_weights(adapted(pretrain(), draw_weights(network_)));
  run_.init_origin = kPretrainedWeights;
  store_.write_run(run_);
}

void ReplicateSearch::write_settings() {
  const std::string extent = std::exchange(run_.extent, extent_text(config_));
  const std::string directory = run_.data_directory;
  remember_data_directory(config_, run_.data_directory);
  if (store_.has_run() && run_.extent == extent && run_.data_directory == directory) return;
  store_.write_run(run_);
  if (config_.replicates > 1) RunStore(store_.folder().parent_path()).link_members();
}

std::vector<Tensor> ReplicateSearch::draw_weights(const Network<float>& network) const {
  std::vector<Tensor> weights;
  for (const Parameter<float>* array : network.arrays())
    weights.push_back(draw_initial(array->info(), config_.initialization, run_.seed, "init", 0, 0));
  return weights;
}

void ReplicateSearch::set_initial_weights(std::vector<Tensor> weights) {
  run_.init_weights = std::move(weights);
  if (config_.rewind_step == 0) run_.rewind_weights = run_.init_weights;
}

// The weights after pretraining, which is a run of its own with one level, as dense as level 0.
std::vector<Tensor> ReplicateSearch::pretrain() {
  RunStore store(pretraining_folder(store_.folder()));
  const Dataset& dataset = pretraining_data_->dataset;
  const std::string model = pretraining_model(config_.model, dataset.classes);
  const Network<float> network = describe_network(model, dataset.train.shape, dataset.classes);
  RunRecord run = describe_run("pretraining", 0, dataset);
  run.model = model;
  run.rewind_step = 0;
  run.init_weights = draw_weights(network);
  open_member(store, run);
  LevelStart start{*pretraining_data_,  model,           config_.training, config_.kernel, 0,
                   full_masks(network), run.init_weights};
  start.training.steps = config_.pretraining.steps;
  std::uint64_t& fall = start.training.learning_rate.total_steps;
  fall = std::max<std::uint64_t>(fall, start.training.steps);
  start.order_seed = run.seed;
  start.order_level = kPretrainingOrder;
  train_or_find({replicate_, "pretraining", 0, 0}, start, store, [](const auto&, const auto&) {});
  return read_sound_level(store, 0, run.branch).weights;
}

// The network of one level as it begins: with its mask, and its weights before training.
LevelStart ReplicateSearch::start_level(unsigned level) const {
  if (level == 0) return start_dense();
  if (!config_.from.empty()) return start_saved(level);
  switch (config_.pruning_time) {
    case PruningTime::before_training:
      return start_untrained(level);
    case PruningTime::during_training:
    case PruningTime::early_bird:
      return start_scheduled(level);
    case PruningTime::set:
    case PruningTime::rigl:
      return start_dynamic(level);
    default:
      return start_pruned(level, read_sound_level(store_, *level_before(config_, level), run_.branch));
  }
}

// How a network is trained from `first_step` on, whose steps cost `step_flops` of the dense network's.
TrainingConfig ReplicateSearch::training_at(double step_flops, std::uint64_t first_step) const {
  return stretched(config_.training, first_step,
                   steps_of_budget(config_.training.steps, first_step, step_flops));
}

double ReplicateSearch::step_flops(const std::vector<Mask>& masks) const {
  return relative_step_flops(config_.model, data_.dataset.train.shape, data_.dataset.classes, masks);
}

// The network of one level, with its initial weights, to be trained from `first_step` on.
LevelStart ReplicateSearch::start_fresh(unsigned level, std::vector<Mask> masks,
                                        std::uint64_t first_step) const {
  LevelStart start{data_,
                   config_.model,
                   stretched(config_.training, first_step, config_.steps_of(level)),
                   config_.kernel,
                   level,
                   std::move(masks),
                   run_.init_weights};
  start.first_step = first_step;
  if (config_.budget == Budget::flops) start.training = training_at(step_flops(start.masks), first_step);
  start.order_seed = run_.seed;
  if (config_.retraining_order == RetrainingOrder::fresh) start.order_level = level;
  return start;
}

// Level 0 keeps everything.
LevelStart ReplicateSearch::start_dense() const {
  LevelStart start = start_fresh(0, full_masks(network_));
  start.record_optimizer = config_.retraining == Retraining::learning_rate_rewinding ||
                           config_.retraining == Retraining::fine_tuning;
  return start;
}

// A ticket of another run, whose weights are those of step 0 here.
LevelStart ReplicateSearch::start_saved(unsigned level) const {
  if (level > saved_masks_.size()) {
    throw ConfigError("--from: '" + config_.from + "' has " + std::to_string(saved_masks_.size()) +
                      " pruned levels for replicate " + std::to_string(replicate_) +
                      ", fewer than for replicate 0: give one run for all");
  }
  return start_fresh(level, saved_masks_[level - 1]);
}

// A later level prunes the lowest of the weights trained before, and retrains the others.
LevelStart ReplicateSearch::start_pruned(unsigned level, const LevelRecord& before) const {
  LevelStart start = start_after_pruning(level, before.masks, before.weights);
  if (config_.retraining == Retraining::weight_rewinding) {
    rewind(start);
  } else {
    keep_trained(before, start);
  }
  return start;
}

// Prunes the weights of the rewind step before they are trained any further.
LevelStart ReplicateSearch::start_untrained(unsigned level) const {
  LevelStart start = start_after_pruning(level, full_masks(network_), run_.rewind_weights);
  rewind(start);
  return start;
}

// The dense network, pruned while it trains.
LevelStart ReplicateSearch::start_scheduled(unsigned level) const {
  LevelStart start = start_fresh(level, full_masks(network_));
  std::vector<PruningGroup> plan = plan_level(config_, start.masks, level);
  if (config_.budget == Budget::flops) {
    const std::uint64_t steps = config_.training.steps;
    const double last = step_flops(draw_sparse_masks(start.masks, plan, run_.seed, level));
    start.training =
        training_at(mean_step_flops(config_.gradual_course, mask_changes(config_, steps), steps, last), 0);
  }
  ScheduledPruning pruning{config_,           std::move(plan), changes_in(start.training),
                           run_.init_weights, run_.seed,       data_.dataset};
  if (config_.pruning_time == PruningTime::early_bird) {
    start.schedule = std::make_shared<EarlyBird>(std::move(pruning));
  } else {
    start.schedule = std::make_shared<GradualPruning>(std::move(pruning));
  }
  return start;
}

// A random sparse network, whose masks move while it trains.
LevelStart ReplicateSearch::start_dynamic(unsigned level) const {
  const std::vector<Mask> layers = full_masks(network_);
  LevelStart start =
      start_fresh(level, draw_sparse_masks(layers, plan_level(config_, layers, level), run_.seed, level));
  start.schedule =
      std::make_shared<DynamicSparseTraining>(config_, changes_in(start.training), run_.seed, level);
  return start;
}

// When masks change in a training that may be longer than the config's.
MaskChanges ReplicateSearch::changes_in(const TrainingConfig& training) const {
  const MaskChanges changes = mask_changes(config_, config_.training.steps);
  const auto stretch = [&](std::uint64_t step) { return step * training.steps / config_.training.steps; };
  return {stretch(changes.begin), stretch(changes.end), changes.every};
}

// The network that is left of such masks and weights, with its initial weights, from the rewind step on.
LevelStart ReplicateSearch::start_after_pruning(unsigned level, const std::vector<Mask>& masks,
                                                const std::vector<Tensor>& weights) const {
  const PruningInput input{masks, run_.init_weights, weights, run_.seed, &data_.dataset};
  LevelStart start = start_fresh(level, prune_to_plan(input, plan_level(config_, masks, level), config_),
                                 config_.rewind_step);
  start.flops_of_masks = scoring_flops(masks, config_, data_.dataset);
  return start;
}

// The survivors, and the optimizer's state of them, return to where they were at the rewind step.
void ReplicateSearch::rewind(LevelStart& start) const {
  if (config_.rewind_step == 0) return;
  if (run_.rewind_weights.empty())
    throw StoreError(
        "'" + store_.run_path().string() +
        "' holds no weights of the rewind step, which level 0 left there; restore it from a copy");
  start.weights = run_.rewind_weights;
  start.optimizer = run_.rewind_optimizer;
}

// The survivors, and the optimizer's state of them, stay as they were trained. The learning rate returns to
// the rewind step, or stays too; or nothing is trained any more.
void ReplicateSearch::keep_trained(const LevelRecord& before, LevelStart& start) const {
  start.weights = before.weights;
  start.record_initial_weights = true;
  if (config_.retraining == Retraining::none) {
    start.first_step = start.training.steps;
    return;
  }
  start.optimizer = before.optimizer;
  start.record_optimizer = config_.pruning_time == PruningTime::after_training;
  if (config_.retraining != Retraining::fine_tuning) return;
  const LearningRateSchedule& schedule = config_.training.learning_rate;
  start.training.learning_rate = {};
  start.training.learning_rate.base = schedule.rate(config_.training.steps - 1);
}

void ReplicateSearch::train_ticket(const LevelStart& start) {
  train_or_find({replicate_, "ticket", 0, start.level}, start, store_,
                [&](const Trainer& trainer, const auto& network) {
                  if (start.level == 0 && trainer.step() == config_.rewind_step)
                    record_rewind_point(trainer, network);
                });
}

void ReplicateSearch::record_rewind_point(const Trainer& trainer, const Network<float>& network) {
  run_.rewind_weights = network.tensors();
  run_.rewind_optimizer = trainer.optimizer().tensors();
  store_.write_run(run_);
}

void ReplicateSearch::queue_controls(unsigned level) {
  if (config_.controls.empty()) return;
  const std::vector<Mask> masks = read_sound_level(store_, level, run_.branch).masks;
  for (const Control control : config_.controls) {
    for (unsigned trial = 0; trial < config_.trials_of(control); ++trial) {
      session_.queue.push(rank_of_control(level), [this, control, trial, level, masks] {
        train_control(control, trial, level, masks);
      });
    }
  }
}

// Controls see the images in the ticket's order, so that only the mask or the weights differ.
void ReplicateSearch::train_control(Control control, unsigned trial, unsigned level,
                                    const std::vector<Mask>& masks) {
  RunStore store(control_folder(store_.folder(), control, trial));
  open_member(store, describe_run(control_names().name(control), trial, data_.dataset));
  train_or_find({replicate_, control_names().name(control), trial, level},
                start_control(control, trial, level, masks), store, [](const auto&, const auto&) {});
}

LevelStart ReplicateSearch::start_control(Control control, unsigned trial, unsigned level,
                                          const std::vector<Mask>& masks) const {
  const bool rewound = control != Control::random_reinit;
  LevelStart start = start_fresh(level, masks, rewound ? std::uint64_t{config_.rewind_step} : 0);
  if (rewound) rewind(start);
  const ControlTrial names{run_.seed, trial};
  switch (control) {
    case Control::random_reinit:
      start.weights = reinitialized(network_, config_.initialization, level, names);
      start.record_initial_weights = true;
      break;
    case Control::random_mask:
      start.masks = random_masks(masks, run_.seed, level, trial);
      break;
    case Control::global_random_mask:
      start.masks = random_masks_of_network(masks, run_.seed, level, trial);
      break;
    case Control::shuffled_weights:
      start.weights = shuffled_weights(std::move(start.weights), masks, level, names);
      start.record_initial_weights = true;
      break;
    case Control::sign_only:
      start.weights = signs_of(std::move(start.weights), masks);
      start.record_initial_weights = true;
      break;
    case Control::supermask:
      start.training.steps = start.first_step;
      break;
    case Control::inverted_mask:
      start.masks = inverted_masks(masks, pruning_rounds(level), config_.granularity);
      break;
  }
  return start;
}

// The prunings that led to a level's mask, first to last.
std::vector<PruningRound> ReplicateSearch::pruning_rounds(unsigned level) const {
  std::vector<PruningRound> rounds;
  const auto add = [&](const std::vector<Mask>& masks, const std::vector<Tensor>& weights) {
    const PruningInput input{masks, run_.init_weights, weights, run_.seed, &data_.dataset};
    rounds.push_back({masks, pruning_scores(input, config_)});
  };
  if (config_.pruning_time == PruningTime::before_training) {
    add(full_masks(network_), run_.rewind_weights);
    return rounds;
  }
  for (std::optional<unsigned> before = level_before(config_, level); before;
       before = level_before(config_, *before)) {
    const LevelRecord record = read_sound_level(store_, *before, run_.branch);
    add(record.masks, record.weights);
  }
  std::ranges::reverse(rounds);
  return rounds;
}

// A run that lies in the ticket's folder: as an earlier session left it, or begun.
void ReplicateSearch::open_member(RunStore& store, const RunRecord& run) {
  if (store.has_run()) {
    read_same_run(store, run);
  } else {
    require_no_levels(store);
    store.write_run(run);
    store_.link_members();
  }
}

void ReplicateSearch::train_or_find(const TrainingName& name, const LevelStart& start, RunStore& store,
                                    const StepHook& hook) {
  const bool found = store.has_level(name.level);
  LevelSummary summary;
  if (found) {
    store.require_own(store.level_path(name.level));
    summary = store.read_summary(name.level);
    store.drop_checkpoint(name.level);
  } else {
    if (store.has_checkpoint(name.level)) store.require_own(store.checkpoint_path(name.level));
    summary = train_level(start, store, report_progress(name, start, hook), session_.stop);
  }
  const std::lock_guard lock(session_.observer_mutex);
  session_.observer.on_recorded(name, summary, !found);
}

// Wraps `hook` so that the observer hears of every validation.
StepHook ReplicateSearch::report_progress(const TrainingName& name, const LevelStart& start,
                                          const StepHook& hook) {
  struct Session {
    bool begun = false;
    std::uint64_t step = 0;
    double seconds = 0;
  };
  return [this, name, all_steps = start.training.steps, hook, session = Session()](
             const Trainer& trainer, const Network<float>& net) mutable {
    hook(trainer, net);
    if (!std::exchange(session.begun, true)) session = {true, trainer.step() - 1, trainer.wall_seconds()};
    const MetricsRow& row = trainer.metrics().back();
    if (row.step != trainer.step()) return;
    const double seconds = trainer.wall_seconds() - session.seconds;
    const auto steps = static_cast<double>(trainer.step() - session.step);
    const std::lock_guard lock(session_.observer_mutex);
    session_.observer.on_progress({name, net.density(), row.step, all_steps, row.train_loss,
                                   row.validation_accuracy, trainer.wall_seconds(),
                                   seconds > 0 ? steps / seconds : 0});
  };
}

RunRecord ReplicateSearch::describe_run(const std::string& branch, unsigned trial,
                                        const Dataset& dataset) const {
  RunRecord run;
  run.config = config_text(config_);
  run.model = config_.model;
  run.branch = branch;
  run.seed = config_.seed + replicate_;
  run.trial = trial;
  run.dataset = dataset.name;
  run.dataset_fingerprint = dataset.fingerprint;
  run.rewind_step = config_.rewind_step;
  run.started_utc = utc_now();
  return run;
}

}  // namespace ltlab
