#include "ltlab/lottery/search.h"

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
#include "ltlab/lottery/pruning_round.h"
#include "ltlab/nn/models.h"
#include "ltlab/store/record_files.h"
#include "ltlab/store/run_totals.h"

namespace ltlab {
namespace {

// A network of the searched model that only tells its parameters.
Network<float> describe_network(const SearchConfig& config, const ImageShape& image, std::size_t classes) {
  return make_network<float>(config.model, image, classes, 1);
}

double rate_of(const SearchConfig& config, const ParameterInfo& parameter) {
  return parameter.output_layer ? config.rate_of_output_layer() : config.rate;
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
  ReplicateSearch(const SearchConfig& config, const TrainingData& data, std::filesystem::path folder,
                  unsigned replicate, std::size_t last_level, WorkQueue& queue, SearchObserver& observer,
                  std::mutex& observer_mutex, std::stop_token stop)
      : config_(config),
        data_(data),
        store_(std::move(folder)),
        replicate_(replicate),
        last_level_(last_level),
        queue_(queue),
        observer_(observer),
        observer_mutex_(observer_mutex),
        stop_(std::move(stop)),
        network_(describe_network(config, data.dataset.train.shape, data.dataset.classes)),
        run_(describe_run("ticket", 0)) {
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
    if (level == 0) write_settings();
    const std::vector<Mask> masks = masks_of(level);
    train_ticket(level, masks);
    if (level > 0) queue_controls(level, masks);
    if (level < last_level_)
      queue_.push(rank_of_ticket(level + 1), [this, level] { search_level(level + 1); });
  }

  void write_settings() {
    if (run_.init_weights.empty()) draw_initial_weights();
    const std::string extent = std::exchange(run_.extent, extent_text(config_));
    const std::string directory = run_.data_directory;
    remember_data_directory(config_, run_.data_directory);
    if (store_.has_run() && run_.extent == extent && run_.data_directory == directory) return;
    store_.write_run(run_);
    if (config_.replicates > 1) RunStore(store_.folder().parent_path()).link_members();
  }

  void draw_initial_weights() {
    for (const Parameter<float>* array : network_.arrays()) {
      run_.init_weights.push_back(
          draw_initial(array->info(), config_.initialization, run_.seed, "init", 0, 0));
    }
    if (config_.rewind_step == 0) run_.rewind_weights = run_.init_weights;
  }

  // Level 0 keeps everything; a later level prunes the smallest of the weights trained at the level before.
  std::vector<Mask> masks_of(unsigned level) {
    std::vector<Mask> masks;
    if (level == 0) {
      for (const Parameter<float>* parameter : network_.parameters()) {
        if (parameter->info().prunable)
          masks.push_back(full_mask(parameter->info().name, parameter->info().shape));
      }
      return masks;
    }
    return prune(store_.read_level(level - 1), config_);
  }

  // The ticket: the survivors, rewound to where they were at the rewind step.
  void train_ticket(unsigned level, const std::vector<Mask>& masks) {
    LevelStart start{level, masks, run_.init_weights, {}, 0, run_.seed, false};
    if (level > 0 && config_.rewind_step > 0) rewind(start);
    train_or_find({replicate_, "ticket", 0, level}, start, store_,
                  [&](const Trainer& trainer, const auto& network) {
                    if (level == 0 && trainer.step() == config_.rewind_step)
                      record_rewind_point(trainer, network);
                  });
  }

  void rewind(LevelStart& start) const {
    start.weights = run_.rewind_weights;
    start.optimizer = run_.rewind_optimizer;
    start.first_step = config_.rewind_step;
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
    const RunRecord run = describe_run(control_names().name(control), trial);
    if (store.has_run()) {
      read_same_run(store, run);
    } else {
      require_no_levels(store);
      store.write_run(run);
      store_.link_members();
    }
    LevelStart start{level, masks, run_.init_weights, {}, 0, run_.seed, true};
    if (control == Control::random_reinit) {
      for (Tensor& tensor : start.weights) {
        tensor = draw_initial(parameter(tensor.name).info(), config_.initialization, run_.seed,
                              "random-reinit", level, trial);
      }
    } else {
      start.masks = random_masks(masks, run_.seed, level, trial);
      start.record_initial_weights = false;
      if (config_.rewind_step > 0) rewind(start);
    }
    train_or_find({replicate_, control_names().name(control), trial, level}, start, store,
                  [](const auto&, const auto&) {});
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
      summary =
          train_level(config_, data_, start, store, report_progress(name, density(start.masks), hook), stop_);
    }
    const std::lock_guard lock(observer_mutex_);
    observer_.on_recorded(name, summary, !found);
  }

  // Wraps `hook` so that the observer hears of every validation.
  StepHook report_progress(const TrainingName& name, double density, const StepHook& hook) {
    struct Session {
      bool begun = false;
      std::uint64_t step = 0;
      double seconds = 0;
    };
    return [this, name, density, hook, session = Session()](const Trainer& trainer,
                                                            const Network<float>& net) mutable {
      hook(trainer, net);
      if (!std::exchange(session.begun, true)) session = {true, trainer.step() - 1, trainer.wall_seconds()};
      const MetricsRow& row = trainer.metrics().back();
      if (row.step != trainer.step()) return;
      const double seconds = trainer.wall_seconds() - session.seconds;
      const auto steps = static_cast<double>(trainer.step() - session.step);
      const std::lock_guard lock(observer_mutex_);
      observer_.on_progress({name, density, row.step, config_.training.steps, row.train_loss,
                             row.validation_accuracy, trainer.wall_seconds(),
                             seconds > 0 ? steps / seconds : 0});
    };
  }

  RunRecord describe_run(const std::string& branch, unsigned trial) const {
    RunRecord run;
    run.config = config_text(config_);
    run.model = config_.model;
    run.branch = branch;
    run.seed = config_.seed + replicate_;
    run.trial = trial;
    run.dataset = data_.dataset.name;
    run.dataset_fingerprint = data_.dataset.fingerprint;
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

// Nothing that is recorded may vanish from the report because a resumed search asks for less.
void require_members_asked(const RunStore& store, const std::set<std::string>& asked,
                           const std::string& options) {
  for (const std::string& member : store.members()) {
    if (asked.contains(member)) continue;
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
    std::set<std::string> controls;
    for (const Control control : config.controls) {
      for (unsigned trial = 0; trial < config.trials; ++trial)
        controls.insert(control_folder(ticket.folder(), control, trial).filename());
    }
    require_members_asked(ticket, controls, "--control and --trials");
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
    for (const Control control : config.controls) {
      for (unsigned trial = 0; trial < config.trials; ++trial) {
        if (!has_levels(RunStore(control_folder(ticket.folder(), control, trial)), 1)) return false;
      }
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
  const Network<float> network = describe_network(config, image, classes);
  double weights = 0;
  for (const Parameter<float>* parameter : network.parameters()) {
    if (!parameter->info().prunable) continue;
    const double rate = rate_of(config, parameter->info()),
                 size = static_cast<double>(parameter->dense_size());
    weights += size;
    if (config.scope == PruningScope::global && !groups.empty() && groups.back().rate == rate) {
      groups.back().survivors += size;
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
                unsigned workers, SearchObserver& observer, const std::stop_source& stop) {
  check(config);
  const std::vector<double> densities =
      planned_densities(config, data.dataset.train.shape, data.dataset.classes);
  observer.on_plan(densities);
  WorkQueue queue;
  std::mutex observer_mutex;
  std::vector<std::unique_ptr<ReplicateSearch>> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    replicates.push_back(std::make_unique<ReplicateSearch>(
        config, data, replicate_folder(folder, config.replicates, r), r, densities.size() - 1, queue,
        observer, observer_mutex, stop.get_token()));
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
