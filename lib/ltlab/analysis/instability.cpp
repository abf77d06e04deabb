#include "ltlab/analysis/instability.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "ltlab/analysis/run_context.h"
#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/config/check.h"
#include "ltlab/lottery/flop_budget.h"
#include "ltlab/lottery/level_training.h"

namespace ltlab {
namespace {

// The copies of a level in one run.
struct CopiesOfRun {
  std::vector<double> barriers;       // of test error, of each pair
  std::map<unsigned, double> errors;  // of test, of each copy
};

SampleStatistics barrier_of_runs(const std::map<std::string, CopiesOfRun>& runs) {
  std::vector<double> means;
  means.reserve(runs.size());
  for (const auto& [run, copies] : runs) means.push_back(describe(copies.barriers).mean);
  return describe(means);
}

double noise_of_runs(const std::map<std::string, CopiesOfRun>& runs) {
  double squares = 0, freedom = 0;
  for (const auto& [run, copies] : runs) {
    std::vector<double> errors;
    errors.reserve(copies.errors.size());
    for (const auto& [copy, error] : copies.errors) errors.push_back(error);
    const double deviation = describe(errors).deviation;
    squares += static_cast<double>(errors.size() - 1) * deviation * deviation;
    freedom += static_cast<double>(errors.size() - 1);
  }
  return std::sqrt(squares / freedom);
}

// Stands for a level in naming the image order of copy 0 of level 0; others follow.
constexpr std::uint64_t kCopyOrder = std::uint64_t{1} << 33;

void require_rewound_weights(const SearchConfig& config) {
  if (config.retraining == Retraining::weight_rewinding) return;
  throw ConfigError(
      "instability needs a search with --retrain weights: with '" +
      retraining_names().name(config.retraining) +
      "', a level goes on from the weights of the level before, and has no rewind point of its own");
}

void require_settled_masks(const SearchConfig& config) {
  if (!config.moves_masks()) return;
  throw ConfigError(
      "instability needs a search whose masks are settled before a level trains: with --prune " +
      pruning_time_names().name(config.prune) + ", a copy would end with another mask");
}

void require_search_training(const RunRecord& run) {
  if (run.branch == "ticket" || find_row(kControls, run.branch)) return;
  throw ConfigError("instability is measured of tickets and controls; this run's branch is '" + run.branch +
                    "'");
}

// Describes a run like the one that is copied, but without weights of its own.
RunRecord describe_copy(RunRecord run, unsigned copy) {
  run.branch = "copy";
  run.trial = copy;
  run.init_origin.clear();
  run.init_weights = run.rewind_weights = run.rewind_optimizer = {};
  run.started_utc = utc_now();
  run.totals.reset();
  return run;
}

RunStore open_copy(const RunStore& run, const RunRecord& record, unsigned copy) {
  RunStore store(copy_folder(run.folder(), copy));
  const RunRecord described = describe_copy(record, copy);
  if (!store.has_run()) {
    store.write_run(described);
    RunStore(run).link_members();
  } else if (store.read_identity() != identity(described)) {
    throw StoreError("'" + store.folder().string() + "' is no copy of the run around it: move it away");
  }
  return store;
}

LevelStart start_of_copy(const LevelRecord& level, const RunContext& context, const SearchConfig& config,
                         const TrainingData& data, unsigned copy) {
  LevelStart start{data,        context.run()->model,          config.training, config.kernel, level.level,
                   level.masks, context.initial_weights(level)};
  start.first_step = level.first_step;
  if (level.level == 0 && config.rewind_step > 0) {
    start.weights = context.run()->rewind_weights;
    start.first_step = config.rewind_step;
  }
  start.training = stretched(config.training, start.first_step, level.steps);
  if (start.first_step > 0)  // A control's rewind point is its ticket's.
    start.optimizer = (context.ticket() ? context.ticket() : context.run())->rewind_optimizer;
  start.order_seed = config.seeds_of(context.run()->seed).order;
  start.order_level = kCopyOrder * (copy + 1) + level.level;
  start.record_predictions = config.predictions == RecordedPredictions::all;
  start.record_initial_weights = !level.initial_weights.empty();
  return start;
}

}  // namespace

std::vector<Instability> instability(const std::vector<MeasuredLine>& lines) {
  std::map<unsigned, std::map<std::string, CopiesOfRun>> levels;
  std::map<unsigned, Instability> found;
  for (const MeasuredLine& line : lines) {
    const double rise = barrier(line.points).test_error;
    CopiesOfRun& copies = levels[line.level][line.run];
    copies.barriers.push_back(rise);
    copies.errors[line.copies->first] = 1 - line.points.front().test.accuracy;
    copies.errors[line.copies->second] = 1 - line.points.back().test.accuracy;
    Instability& level = found[line.level];
    level.level = line.level;
    level.density = line.density;
    level.pairs.push_back(rise);
  }
  std::vector<Instability> result;
  for (auto& [number, level] : found) {
    level.barrier = barrier_of_runs(levels[number]);
    level.noise = noise_of_runs(levels[number]);
    result.push_back(std::move(level));
  }
  return result;
}

const NameTable<Stability>& stability_names() {
  using enum Stability;
  static const NameTable<Stability> table(
      "stability", {{stable, "stable"}, {unstable, "unstable"}, {undecided, "undecided"}});
  return table;
}

Stability stability(const Instability& level) {
  const SampleStatistics& barrier = level.barrier;
  if (barrier.mean + barrier.half_width < kStableBarrier) return Stability::stable;
  return barrier.mean - barrier.half_width < kStableBarrier ? Stability::undecided : Stability::unstable;
}

std::filesystem::path copy_folder(const std::filesystem::path& run, unsigned copy) {
  return run / (std::string(RunStore::kCopy) + std::to_string(copy));
}

LevelSummary train_copy(const RunStore& run, unsigned level, unsigned copy, const SearchConfig& config,
                        const TrainingData& data, const std::stop_token& stop) {
  require_rewound_weights(config);
  require_settled_masks(config);
  const LevelRecord original = run.read_level(level);
  const RunContext context(run.folder());
  require_search_training(*context.run());
  RunStore store = open_copy(run, *context.run(), copy);
  if (store.has_level(level)) {
    store.require_own(store.level_path(level));
    return store.read_summary(level);
  }
  if (store.has_checkpoint(level)) store.require_own(store.checkpoint_path(level));
  const SearchConfig in_steps_config =
      in_steps(config, data.dataset.training.size(), data.dataset.training.size());
  const LevelStart start = start_of_copy(original, context, in_steps_config, data, copy);
  return train_level(
      start, store, [](const Trainer&, const Network<float>&) {}, stop);
}

}  // namespace ltlab
