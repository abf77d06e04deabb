#include "ltlab/lottery/search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/base/work_queue.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_totals.h"

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

// What an earlier session left in a folder may be gone on with only if it was made with the same settings,
// data and seed: otherwise its levels would pass for results of this search.
RunRecord read_same_run(const RunStore& store, const RunRecord& run) {
  RunRecord before = store.read_run();
  if (before.dataset_fingerprint != run.dataset_fingerprint) {
    throw StoreError(store.run_path().string() + " was made with other data (fingerprint " +
                     before.dataset_fingerprint + ", now " + run.dataset_fingerprint +
                     "): give it the same data, or another --out");
  }
  if (identity(before) != identity(run)) {
    throw StoreError(store.run_path().string() +
                     " was made with other settings or another seed: give another --out, or --force");
  }
  return before;
}

void require_no_levels(const RunStore& store) {
  if (store.levels().empty()) return;
  throw StoreError(
      "'" + store.folder().string() +
      "' holds levels but no run.h5 that tells their settings: restore it, or give another --out");
}

// A resumed search looks there again; where the user now leaves it open, what is known stays.
void remember_data_directory(const SearchConfig& config, std::string& directory) {
  if (!config.data.directory.empty()) directory = std::filesystem::absolute(config.data.directory);
}

// The search of one replicate: the paper's algorithm, level by level.
class ReplicateSearch {
 public:
  ReplicateSearch(const SearchConfig& config, const TrainingData& data, const TrainingData* pretraining_data,
                  std::filesystem::path folder, unsigned replicate, std::size_t last_level, WorkQueue& queue,
                  SearchObserver& observer, std::mutex& observer_mutex, std::stop_token stop)
      : config_(config),
        data_(data),
        pretraining_data_(pretraining_data),
        store_(std::move(folder)),
        replicate_(replicate),
        last_level_(last_level),
        queue_(queue),
        observer_(observer),
        observer_mutex_(observer_mutex),
        stop_(std::move(stop)),
        network_(describe_network(config.model, data.dataset.train.shape, data.dataset.classes)),
        run_(describe_run("ticket", 0, data.dataset)) {
    if (store_.has_run()) {
      run_ = read_same_run(store_, run_);
      run_.totals.reset();  // told anew when the search ends
    } else {
      require_no_levels(store_);
    }
  }

  void start() {
    queue_.push(rank_of_ticket(0), [this] { search_level(0); });
  }

 private:
  // Train (or find trained) the network of one level, then queue its controls and the next level.
  void search_level(unsigned level) {
    if (level == 0) establish_initial_weights();
    const LevelStart start = level == 0 ? start_dense() : start_pruned(store_.read_level(level - 1));
    train_ticket(start);
    if (level > 0) queue_controls(level, start.masks);
    if (level < last_level_)
      queue_.push(rank_of_ticket(level + 1), [this, level] { search_level(level + 1); });
  }

  // As drawn, or as pretraining leaves them; the run's settings are on disk before that begins.
  void establish_initial_weights() {
    const bool known = !run_.init_weights.empty();
    if (!known && !config_.pretrains()) set_initial_weights(draw_weights(network_));
    write_settings();
    if (known || !config_.pretrains()) return;
    set_initial_weights(adapted(pretrain(), draw_weights(network_)));
    run_.init_origin = kPretrainedWeights;
    store_.write_run(run_);
  }

  void write_settings() {
    const std::string extent = std::exchange(run_.extent, extent_text(config_));
    const std::string directory = run_.data_directory;
    remember_data_directory(config_, run_.data_directory);
    if (store_.has_run() && run_.extent == extent && run_.data_directory == directory) return;
    store_.write_run(run_);
    if (config_.replicates > 1) RunStore(store_.folder().parent_path()).link_members();
  }

  std::vector<Tensor> draw_weights(const Network<float>& network) const {
    std::vector<Tensor> weights;
    for (const Parameter<float>* array : network.arrays())
      weights.push_back(draw_initial(array->info(), config_.initialization, run_.seed, "init", 0, 0));
    return weights;
  }

  void set_initial_weights(std::vector<Tensor> weights) {
    run_.init_weights = std::move(weights);
    if (config_.rewind_step == 0) run_.rewind_weights = run_.init_weights;
  }

  // The weights after pretraining, which is a run of its own with one level, as dense as level 0.
  std::vector<Tensor> pretrain() {
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
    start.order_seed = run.seed;
    start.order_level = kPretrainingOrder;
    train_or_find({replicate_, "pretraining", 0, 0}, start, store, [](const auto&, const auto&) {});
    return store.read_level(0).weights;
  }

  // The network of one level, with its initial weights and nothing of a schedule behind it.
  LevelStart start_fresh(unsigned level, std::vector<Mask> masks) const {
    LevelStart start{data_, config_.model,    config_.training, config_.kernel,
                     level, std::move(masks), run_.init_weights};
    start.order_seed = run_.seed;
    if (config_.retraining_order == RetrainingOrder::fresh) start.order_level = level;
    return start;
  }

  // Level 0 keeps everything.
  LevelStart start_dense() const {
    LevelStart start = start_fresh(0, full_masks(network_));
    start.record_optimizer = config_.retraining != Retraining::weight_rewinding;
    return start;
  }

  // A later level prunes the smallest of the weights trained at the level before, and retrains the others.
  LevelStart start_pruned(const LevelRecord& before) const {
    LevelStart start = start_fresh(before.level + 1, prune(before, config_));
    if (config_.retraining == Retraining::weight_rewinding) {
      rewind(start);
    } else {
      keep_trained(before, start);
    }
    return start;
  }

  // The survivors, and the optimizer's state of them, return to where they were at the rewind step.
  void rewind(LevelStart& start) const {
    if (config_.rewind_step == 0) return;
    start.weights = run_.rewind_weights;
    start.optimizer = run_.rewind_optimizer;
    start.first_step = config_.rewind_step;
  }

  // The survivors, and the optimizer's state of them, stay as they were trained; the learning rate returns to
  // the rewind step, or stays too.
  void keep_trained(const LevelRecord& before, LevelStart& start) const {
    start.weights = before.weights;
    start.optimizer = before.optimizer;
    start.first_step = config_.rewind_step;
    start.record_optimizer = true;
    if (config_.retraining != Retraining::fine_tuning) return;
    const LearningRateSchedule& schedule = config_.training.learning_rate;
    start.training.learning_rate = {};
    start.training.learning_rate.base = schedule.rate(config_.training.steps - 1);
  }

  void train_ticket(const LevelStart& start) {
    train_or_find({replicate_, "ticket", 0, start.level}, start, store_,
                  [&](const Trainer& trainer, const auto& network) {
                    if (start.level == 0 && trainer.step() == config_.rewind_step)
                      record_rewind_point(trainer, network);
                  });
  }

  void record_rewind_point(const Trainer& trainer, const Network<float>& network) {
    run_.rewind_weights = network.tensors();
    run_.rewind_optimizer = trainer.optimizer().tensors();
    store_.write_run(run_);
  }

  void queue_controls(unsigned level, const std::vector<Mask>& masks) {
    for (const Control control : config_.controls) {
      for (unsigned trial = 0; trial < config_.trials; ++trial) {
        queue_.push(rank_of_control(level),
                    [this, control, trial, level, masks] { train_control(control, trial, level, masks); });
      }
    }
  }

  // Controls see the images in the ticket's order, so that only the mask or the weights differ.
  void train_control(Control control, unsigned trial, unsigned level, const std::vector<Mask>& masks) {
    RunStore store(control_folder(store_.folder(), control, trial));
    open_member(store, describe_run(control_names().name(control), trial, data_.dataset));
    LevelStart start = start_fresh(level, masks);
    if (control == Control::random_reinit) {
      start.record_initial_weights = true;
      for (Tensor& tensor : start.weights) {
        tensor = draw_initial(parameter(tensor.name).info(), config_.initialization, run_.seed,
                              "random-reinit", level, trial);
      }
    } else {
      start.masks = random_masks(masks, run_.seed, level, trial);
      rewind(start);
    }
    train_or_find({replicate_, control_names().name(control), trial, level}, start, store,
                  [](const auto&, const auto&) {});
  }

  // A run that lies in the ticket's folder: as an earlier session left it, or begun.
  void open_member(RunStore& store, const RunRecord& run) {
    if (store.has_run()) {
      read_same_run(store, run);
    } else {
      require_no_levels(store);
      store.write_run(run);
      store_.link_members();
    }
  }

  void train_or_find(const TrainingName& name, const LevelStart& start, RunStore& store,
                     const StepHook& hook) {
    const bool found = store.has_level(name.level);
    LevelSummary summary;
    if (found) {
      store.require_own(store.level_path(name.level));
      summary = store.read_summary(name.level);
    } else {
      if (store.has_checkpoint(name.level)) store.require_own(store.checkpoint_path(name.level));
      summary = train_level(start, store, report_progress(name, start, hook), stop_);
    }
    const std::lock_guard lock(observer_mutex_);
    observer_.on_recorded(name, summary, !found);
  }

  // Wraps `hook` so that the observer hears of every validation.
  StepHook report_progress(const TrainingName& name, const LevelStart& start, const StepHook& hook) {
    struct Session {
      bool begun = false;
      std::uint64_t step = 0;
      double seconds = 0;
    };
    return [this, name, density = density(start.masks), all_steps = start.training.steps, hook,
            session = Session()](const Trainer& trainer, const Network<float>& net) mutable {
      hook(trainer, net);
      if (!std::exchange(session.begun, true)) session = {true, trainer.step() - 1, trainer.wall_seconds()};
      const MetricsRow& row = trainer.metrics().back();
      if (row.step != trainer.step()) return;
      const double seconds = trainer.wall_seconds() - session.seconds;
      const auto steps = static_cast<double>(trainer.step() - session.step);
      const std::lock_guard lock(observer_mutex_);
      observer_.on_progress({name, density, row.step, all_steps, row.train_loss, row.validation_accuracy,
                             trainer.wall_seconds(), seconds > 0 ? steps / seconds : 0});
    };
  }

  RunRecord describe_run(const std::string& branch, unsigned trial, const Dataset& dataset) const {
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

  const Parameter<float>& parameter(const std::string& name) const {
    for (const Parameter<float>* array : network_.arrays()) {
      if (array->info().name == name) return *array;
    }
    throw StoreError(store_.folder().string() + " holds a mask '" + name + "' that model " + config_.model +
                     " lacks");
  }

  const SearchConfig& config_;
  const TrainingData& data_;
  const TrainingData* pretraining_data_;
  RunStore store_;
  unsigned replicate_;
  std::size_t last_level_;
  WorkQueue& queue_;
  SearchObserver& observer_;
  std::mutex& observer_mutex_;
  std::stop_token stop_;
  Network<float> network_;
  RunRecord run_;
};

}  // namespace

namespace {

// The folder of all replicates, which links to each. What an earlier session left is known even where its
// run.h5 was lost.
void open_collection(const SearchConfig& config, RunStore store) {
  CollectionRecord collection{config_text(config), extent_text(config), "", utc_now()};
  if (const std::optional<CollectionRecord> before = store.read_settings()) {
    collection.data_directory = before->data_directory;
    collection.started_utc = before->started_utc;
    collection.totals = before->totals;
  }
  remember_data_directory(config, collection.data_directory);
  store.write_collection(collection);
}

// Of each trial of each control that a replicate asks for.
std::vector<std::filesystem::path> control_folders(const SearchConfig& config, const RunStore& ticket) {
  std::vector<std::filesystem::path> folders;
  for (const Control control : config.controls) {
    for (unsigned trial = 0; trial < config.trials; ++trial)
      folders.push_back(control_folder(ticket.folder(), control, trial));
  }
  return folders;
}

// Nothing that is recorded may vanish from the report because a resumed search asks for less.
void require_members_asked(const RunStore& store, const std::set<std::string>& asked,
                           const std::string& options) {
  for (const std::string& member : store.members()) {
    if (asked.contains(member) || member.starts_with(RunStore::kCopy)) continue;
    throw ConfigError("'" + (store.folder() / member).string() +
                      "' is recorded already, and this search would leave it out: leave out " + options +
                      ", or ask for at least as much as before");
  }
}

void require_levels_asked(const RunStore& ticket, std::size_t last_level) {
  const std::vector<unsigned> levels = ticket.levels();
  if (levels.empty() || levels.back() <= last_level) return;
  throw ConfigError(
      "'" + ticket.level_path(levels.back()).string() +
      "' is recorded already, and this search would end at level " + std::to_string(last_level) +
      ": leave out --levels and --target-density, or ask for at least as many levels as before");
}

void require_all_asked(const SearchConfig& config, const std::filesystem::path& folder,
                       std::size_t last_level) {
  std::set<std::string> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    const RunStore ticket(replicate_folder(folder, config.replicates, r));
    require_levels_asked(ticket, last_level);
    std::set<std::string> members;
    if (config.pretrains()) members.insert(pretraining_folder(ticket.folder()).filename());
    for (const auto& control : control_folders(config, ticket)) members.insert(control.filename());
    require_members_asked(ticket, members, "--control and --trials");
    replicates.insert(ticket.folder().filename());
  }
  if (config.replicates > 1) require_members_asked(RunStore(folder), replicates, "--replicates");
}

// Whether every training that the search asks for is recorded already.
bool is_complete(const SearchConfig& config, const std::filesystem::path& folder, std::size_t last_level) {
  const auto has_levels = [&](const RunStore& store, unsigned first) {
    for (unsigned level = first; level <= last_level; ++level) {
      if (!store.has_level(level)) return false;
    }
    return true;
  };
  for (unsigned r = 0; r < config.replicates; ++r) {
    const RunStore ticket(replicate_folder(folder, config.replicates, r));
    if (!has_levels(ticket, 0)) return false;
    for (const auto& control : control_folders(config, ticket)) {
      if (!has_levels(RunStore(control), 1)) return false;
    }
  }
  return true;
}

}  // namespace

std::vector<double> planned_densities(const SearchConfig& config, const ImageShape& image,
                                      std::size_t classes) {
  struct Group {
    double survivors = 0;
    double rate = 0;
  };
  // Layers of one rate that compete globally round together; otherwise each rounds alone.
  std::vector<Group> groups;
  const Network<float> network = describe_network(config.model, image, classes);
  double weights = 0;
  for (const Parameter<float>* parameter : network.parameters()) {
    if (!parameter->info().prunable) continue;
    const double rate = config.rate_of(parameter->info().shape, parameter->info().output_layer),
                 size = static_cast<double>(parameter->dense_size());
    weights += size;
    const auto group = std::ranges::find(groups, rate, &Group::rate);
    if (config.scope == PruningScope::global && group != groups.end()) {
      group->survivors += size;
    } else {
      groups.push_back({size, rate});
    }
  }
  std::vector<double> densities{1.0};
  const auto within = [&](std::size_t levels) { return !config.levels || levels <= *config.levels; };
  while (within(densities.size()) && densities.back() > config.target_density) {
    double survivors = 0;
    for (Group& group : groups) {
      group.survivors -= std::round(group.rate * group.survivors);
      survivors += group.survivors;
    }
    if (survivors / weights == densities.back()) break;  // too few weights are left to prune any
    densities.push_back(survivors / weights);
  }
  return densities;
}

void run_search(const SearchConfig& config, const TrainingData& data, const std::filesystem::path& folder,
                unsigned workers, SearchObserver& observer, const std::stop_source& stop,
                const TrainingData* pretraining_data) {
  const Dataset* const pretraining = pretraining_data ? &pretraining_data->dataset : nullptr;
  const SearchConfig without_epochs =
      in_steps(config, data.dataset.training.size(), pretraining ? pretraining->training.size() : 0);
  check_pretraining(config, data.dataset, pretraining);
  const std::vector<double> densities =
      planned_densities(config, data.dataset.train.shape, data.dataset.classes);
  observer.on_plan(densities);
  WorkQueue queue;
  std::mutex observer_mutex;
  std::vector<std::unique_ptr<ReplicateSearch>> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    replicates.push_back(std::make_unique<ReplicateSearch>(
        without_epochs, data, pretraining_data, replicate_folder(folder, config.replicates, r), r,
        densities.size() - 1, queue, observer, observer_mutex, stop.get_token()));
  }
  require_all_asked(config, folder, densities.size() - 1);
  // Each found its folder fit to go on with; now the search may change what is there.
  const RunStore store(folder);
  if (config.replicates > 1) open_collection(config, store);
  if (store.has_run() && !is_complete(config, folder, densities.size() - 1)) forget_totals(store);
  for (const auto& replicate : replicates) replicate->start();
  queue.run(workers, stop);
  record_totals(store);
}

std::filesystem::path replicate_folder(const std::filesystem::path& folder, unsigned replicates,
                                       unsigned replicate) {
  return replicates == 1 ? folder : folder / ("replicate-" + std::to_string(replicate));
}

std::filesystem::path control_folder(const std::filesystem::path& replicate, Control control,
                                     unsigned trial) {
  return replicate / (control_names().name(control) + "-" + std::to_string(trial));
}

}  // namespace ltlab
