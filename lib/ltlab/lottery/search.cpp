#include "ltlab/lottery/search.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "ltlab/base/work_queue.h"
#include "ltlab/lottery/controls.h"
#include "ltlab/lottery/methods/methods.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/store/run_totals.h"

namespace ltlab {
namespace {

// The things that the trainings of a search share.
struct SearchSession {
  const PlannedSearch& plan;
  const TrainingData& data;
  const TrainingData* pretraining_data;
  WorkQueue& queue;
  SearchObserver& observer;
  std::stop_token stop;
  std::mutex observer_mutex = {};
};

// The rank of a ticket in the queue is its level, and that of a control is its level beyond this. Tickets of
// all replicates so go before controls, and sparser levels after denser ones: the longest chain of dependent
// levels starts first.
constexpr std::int64_t kAfterTickets = std::int64_t{1} << 32;

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

// The search of one replicate: each level begins as soon as the level that it prunes is trained.
class ReplicateSearch {
 public:
  // Throws as Replicate's constructor. The session must outlive this.
  ReplicateSearch(SearchSession& session, std::filesystem::path folder, unsigned replicate)
      : session_(session), replicate_(session.plan.config, session.data, std::move(folder), replicate) {}

  // Queues the first training; each training queues those that wait for it.
  void start() {
    session_.queue.push(0, [this] { begin(); });
  }

 private:
  // The weights of step 0 suffice for some levels; others wait for them.
  void begin() {
    replicate_.establish_initial_weights();
    if (replicate_.awaits_pretraining()) replicate_.take_pretrained(pretrain());
    queue_levels_after(std::nullopt);
  }

  // Queues the levels that need only what `trained` (none: the weights of step 0) has brought.
  void queue_levels_after(std::optional<unsigned> trained) {
    for (unsigned level = 0; level <= session_.plan.last_level(); ++level) {
      if (replicate_.config().level_before(level) == trained)
        session_.queue.push(level, [this, level] { search_level(level); });
    }
  }

  // Prunes, rewinds, trains and records the network of one level (or finds it recorded); then queues its
  // controls and the levels that waited.
  void search_level(unsigned level) {
    const LevelStart start = start_level(replicate_, level);
    train_or_find({replicate_.number(), "ticket", 0, level}, start, replicate_.store(),
                  [&](const Trainer& trainer, const Network<float>& network) {
                    if (level == 0 && trainer.step() == replicate_.config().rewind_step)
                      replicate_.record_rewind_point(trainer, network);
                  });
    if (level > 0) queue_controls(level);
    queue_levels_after(level);
  }

  void queue_controls(unsigned level) {
    const SearchConfig& config = replicate_.config();
    if (config.controls.empty()) return;
    const std::vector<Mask> masks = replicate_.read_level(level).masks;
    for (const Control control : config.controls) {
      for (unsigned trial = 0; trial < config.trials_of(control); ++trial) {
        session_.queue.push(kAfterTickets + level, [this, control, trial, level, masks] {
          train_control(control, trial, level, masks);
        });
      }
    }
  }

  void train_control(Control control, unsigned trial, unsigned level, const std::vector<Mask>& masks) {
    const std::string& branch = control_names().name(control);
    RunStore store(control_folder(replicate_.store().folder(), control, trial));
    open_member(store,
                replicate_.describe_run(branch, trial, replicate_.config().model, session_.data.dataset));
    train_or_find({replicate_.number(), branch, trial, level},
                  start_control(replicate_, control, trial, level, masks), store);
  }

  // Returns the weights after pretraining, which is a run of its own with one level, as dense as level 0.
  std::vector<Tensor> pretrain() {
    RunStore store(pretraining_folder(replicate_.store().folder()));
    const Pretraining pretraining = plan_pretraining(replicate_, *session_.pretraining_data);
    open_member(store, pretraining.run);
    train_or_find({replicate_.number(), pretraining.run.branch, 0, 0}, pretraining.start, store);
    return read_sound_level(store, 0, pretraining.run.branch).weights;
  }

  // Opens a run in the ticket's folder: as an earlier session left it, or begun.
  void open_member(RunStore& store, const RunRecord& run) {
    if (read_earlier(store, run)) return;
    store.write_run(run);
    replicate_.store().link_members();
  }

  void train_or_find(const TrainingName& name, const LevelStart& start, RunStore& store,
                     const StepHook& hook = {}) {
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

  SearchSession& session_;
  Replicate replicate_;
};

}  // namespace

void run_search(const PlannedSearch& plan, const TrainingData& data, const std::filesystem::path& folder,
                unsigned workers, SearchObserver& observer, const std::stop_source& stop,
                const TrainingData* pretraining_data) {
  const SearchConfig& config = plan.config;
  observer.on_plan(plan.densities);
  WorkQueue queue;
  SearchSession session{plan, data, pretraining_data, queue, observer, stop.get_token()};
  std::vector<std::unique_ptr<ReplicateSearch>> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    replicates.push_back(
        std::make_unique<ReplicateSearch>(session, replicate_folder(folder, config.replicates, r), r));
  }
  require_all_asked(config, folder, plan.last_level());
  // Each found its folder fit to go on with; now the search may change what is there.
  const RunStore store(folder);
  if (config.replicates > 1) open_collection(config, store);
  if (store.has_run() && !is_complete(config, folder, plan.last_level())) forget_totals(store);
  for (const auto& replicate : replicates) replicate->start();
  queue.run(workers, stop);
  record_totals(store);
}

}  // namespace ltlab
