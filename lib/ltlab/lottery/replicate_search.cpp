#include "ltlab/lottery/replicate_search.h"

#include <algorithm>
#include <utility>

#include "ltlab/lottery/controls.h"
#include "ltlab/lottery/methods/methods.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/lottery/search_folders.h"

namespace ltlab {
namespace {

// Tickets of all replicates go before controls, and sparser levels after denser ones: the longest chain of
// dependent levels starts first.
std::int64_t rank_of_ticket(unsigned level) {
  return level;
}
std::int64_t rank_of_control(unsigned level) {
  return (std::int64_t{1} << 32) + level;
}

// Reports to the observer every validation of the current training.
class ProgressReport {
 public:
  ProgressReport(TrainingName name, std::uint64_t steps, SearchSession& session)
      : name_(std::move(name)), steps_(steps), session_(session) {}

  void after_step(const Trainer& trainer, const Network<float>& network) {
    if (!std::exchange(begun_, true)) {
      first_step_ = trainer.step() - 1;
      first_seconds_ = trainer.wall_seconds();
    }
    const MetricsRow& row = trainer.metrics().back();
    if (row.step != trainer.step()) return;
    const double seconds = trainer.wall_seconds() - first_seconds_;
    const auto steps = static_cast<double>(trainer.step() - first_step_);
    const std::lock_guard lock(session_.observer_mutex);
    session_.observer.on_progress({name_, network.density(), row.step, steps_, row.train_loss,
                                   row.validation_accuracy, trainer.wall_seconds(),
                                   seconds > 0 ? steps / seconds : 0});
  }

 private:
  TrainingName name_;
  std::uint64_t steps_;
  SearchSession& session_;
  bool begun_ = false;
  std::uint64_t first_step_ = 0;
  double first_seconds_ = 0;
};

}  // namespace

ReplicateSearch::ReplicateSearch(const SearchConfig& config, const TrainingData& data,
                                 const TrainingData* pretraining, std::filesystem::path folder,
                                 unsigned replicate, unsigned last_level, SearchSession& session)
    : config_(config),
      pretraining_data_(pretraining),
      last_level_(last_level),
      session_(session),
      replicate_(config, data, std::move(folder), replicate) {}

void ReplicateSearch::start() {
  session_.queue.push(rank_of_ticket(0), [this] { begin(); });
}

// The weights of step 0 suffice for some levels; others wait for them.
void ReplicateSearch::begin() {
  replicate_.establish_initial_weights();
  if (replicate_.awaits_pretraining()) replicate_.take_pretrained(pretrain());
  queue_levels_after(std::nullopt);
}

// Queues the levels that need only what `trained` (none: the weights of step 0) has brought.
void ReplicateSearch::queue_levels_after(std::optional<unsigned> trained) {
  for (unsigned level = 0; level <= last_level_; ++level) {
    if (config_.level_before(level) == trained)
      session_.queue.push(rank_of_ticket(level), [this, level] { search_level(level); });
  }
}

// Prunes, rewinds, trains and records the network of one level (or finds it recorded); then queues its
// controls and the levels that waited.
void ReplicateSearch::search_level(unsigned level) {
  const LevelStart start = start_level(replicate_, level);
  train_or_find({replicate_.number(), "ticket", 0, level}, start, replicate_.store(),
                [&](const Trainer& trainer, const Network<float>& network) {
                  if (level == 0 && trainer.step() == config_.rewind_step)
                    replicate_.record_rewind_point(trainer, network);
                });
  if (level > 0) queue_controls(level);
  queue_levels_after(level);
}

void ReplicateSearch::queue_controls(unsigned level) {
  if (config_.controls.empty()) return;
  const std::vector<Mask> masks = replicate_.read_level(level).masks;
  for (const Control control : config_.controls) {
    for (unsigned trial = 0; trial < config_.trials_of(control); ++trial) {
      session_.queue.push(rank_of_control(level), [this, control, trial, level, masks] {
        train_control(control, trial, level, masks);
      });
    }
  }
}

void ReplicateSearch::train_control(Control control, unsigned trial, unsigned level,
                                    const std::vector<Mask>& masks) {
  const std::string& branch = control_names().name(control);
  RunStore store(control_folder(replicate_.store().folder(), control, trial));
  open_member(store, replicate_.describe_run(branch, trial, config_.model, replicate_.data().dataset));
  train_or_find({replicate_.number(), branch, trial, level},
                start_control(replicate_, control, trial, level, masks), store);
}

// Returns the weights after pretraining, which is a run of its own with one level, as dense as level 0.
std::vector<Tensor> ReplicateSearch::pretrain() {
  RunStore store(pretraining_folder(replicate_.store().folder()));
  const Pretraining pretraining = plan_pretraining(replicate_, *pretraining_data_);
  open_member(store, pretraining.run);
  train_or_find({replicate_.number(), pretraining.run.branch, 0, 0}, pretraining.start, store);
  return read_sound_level(store, 0, pretraining.run.branch).weights;
}

// Opens a run in the ticket's folder: as an earlier session left it, or begun.
void ReplicateSearch::open_member(RunStore& store, const RunRecord& run) {
  if (store.has_run()) {
    read_same_run(store, run);
  } else {
    require_no_levels(store);
    store.write_run(run);
    replicate_.store().link_members();
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
    ProgressReport report(name, start.training.steps, session_);
    const auto after_step = [&](const Trainer& trainer, const Network<float>& network) {
      if (hook) hook(trainer, network);
      report.after_step(trainer, network);
    };
    summary = train_level(start, store, after_step, session_.stop);
  }
  const std::lock_guard lock(session_.observer_mutex);
  session_.observer.on_recorded(name, summary, !found);
}

}  // namespace ltlab
