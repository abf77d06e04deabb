#include "ltlab/analysis/compared_run.h"

#include <algorithm>
#include <cmath>

#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"
#include "ltlab/store/run_store.h"

namespace ltlab {
namespace {

const char* const kTicket = "ticket";
const char* const kPretraining = "pretraining";

// Adds a run's levels; imported ones are tickets, too.
void add_levels(const RunStore& store, const RunRecord& run, RecordedRun& to) {
  const std::string branch = is_ticket(run.branch) ? kTicket : run.branch;
  const bool imported = branch != run.branch;
  for (const unsigned level : store.levels()) {
    to.trainings.push_back({run.seed, branch, run.trial, store.read_summary(level), store.level_path(level)});
    if (imported && std::isnan(to.trainings.back().summary.test_accuracy))
      throw ConfigError("'" + store.folder().string() +
                        "' was imported without an accuracy to compare: train its tickets by `ltlab search "
                        "--from " +
                        store.folder().string() + "`, and compare that search");
  }
}

// A replicate that has yet to train its dense network has nothing to compare.
void add_replicate(const RunStore& store, RecordedRun& to) {
  const RunRecord run = store.read_run();
  if (!is_ticket(run.branch)) {
    throw ConfigError("'" + store.folder().string() +
                      "' holds a control, which its run's tickets bring along: name " +
                      store.search_folder().string());
  }
  if (!store.has_level(0)) return;
  to.config = run.config;
  to.model = run.model;
  to.dataset = run.dataset;
  to.dataset_fingerprint = run.dataset_fingerprint;
  add_levels(store, run, to);
  for (const std::string& member : store.members()) {
    if (member.starts_with(RunStore::kCopy)) continue;  // the same network, for the landscape
    const RunStore inside(store.folder() / member);
    add_levels(inside, inside.read_run(), to);
  }
}

// The trainings of one branch with one seed: each level's trials.
using Trials = std::vector<LevelSummary>;
using Levels = std::map<unsigned, Trials>;
using Branches = std::map<std::string, std::map<std::uint64_t, Levels>>;

Branches by_branch(const std::vector<RecordedTraining>& trainings) {
  Branches branches;
  for (const RecordedTraining& training : trainings)
    branches[training.branch][training.seed][training.summary.level].push_back(training.summary);
  return branches;
}

VariantNetwork network_of(const std::vector<LevelSummary>& trials) {
  const auto mean = [&](const auto& figure) { return mean_of(trials, figure); };
  VariantNetwork network;
  network.density = mean(&LevelSummary::density);
  network.test_accuracy = mean(&LevelSummary::test_accuracy);
  network.test_loss = mean(&LevelSummary::test_loss);
  network.validation_accuracy = mean(&LevelSummary::validation_accuracy);
  network.validation_loss = mean(&LevelSummary::validation_loss);
  network.early_stop_step = mean(&LevelSummary::early_stop_step);
  network.early_stop_test_accuracy = mean(&LevelSummary::early_stop_test_accuracy);
  network.early_stop_test_loss = mean(&LevelSummary::early_stop_test_loss);
  const auto stopped_at = [&](std::uint64_t LevelSummary::*step) {
    return mean([step](const LevelSummary& level) {
      return level.steps > level.first_step && level.early_stop_step == level.*step ? 1 : 0;
    });
  };
  network.still_improving = stopped_at(&LevelSummary::steps);
  network.never_improved = stopped_at(&LevelSummary::first_step);
  network.order = trials.front().order_sha256;
  for (const LevelSummary& trial : trials) {
    if (trial.order_sha256 != network.order) network.order.clear();
  }
  return network;
}

Variant branch_of(const std::string& branch, const Branches& branches) {
  Variant variant{branch, {}};
  for (const auto& [seed, levels] : branches.at(branch)) {
    variant.levels[0][seed] = network_of(branches.at(kTicket).at(seed).at(0));
    for (const auto& [level, trials] : levels) {
      if (level > 0) variant.levels[level][seed] = network_of(trials);
    }
  }
  return variant;
}

// Tells the network of a training, and of a dense one all variants, which file it is in.
void add_file(const RecordedTraining& training, std::vector<Variant>& variants) {
  for (Variant& variant : variants) {
    const bool shared = training.branch == kTicket && training.summary.level == 0;
    if (variant.name != training.branch && !shared) continue;
    const auto level = variant.levels.find(training.summary.level);
    if (level == variant.levels.end()) continue;
    const auto network = level->second.find(training.seed);
    if (network != level->second.end() && network->second.file.empty()) network->second.file = training.file;
  }
}

double own_flops(const std::vector<LevelSummary>& trials) {
  return mean_of(trials, [](const LevelSummary& level) { return level.cost.flops; });
}

// Returns a config that prunes at the same time as the run of that config text.
SearchConfig when_pruned(const std::string& config_text) {
  SearchConfig config;
  if (const auto prune = setting(config_text, "prune")) config.prune = pruning_time_names().parse(*prune);
  config.from = setting(config_text, "from").value_or("");
  return config;
}

// What the networks of a run cost.
class Costs {
 public:
  explicit Costs(const RecordedRun& run)
      : run_(run), config_(when_pruned(run.config)), branches_(by_branch(run.trainings)) {
    for (const RecordedRun& trial : run.trials) trials_.push_back(variants_of(trial).front());
  }

  void add_to(Variant& variant) const {
    for (auto& [level, networks] : variant.levels) {
      const double tuned = tuning(level);
      for (auto& [seed, network] : networks) {
        const double dense = own_flops(ticket(seed, 0));
        network.dense_flops = dense;
        network.flops =
            tuned + pretraining(seed) + (level == 0 ? dense : flops_of_pruned(variant.name, seed, level));
        network.relative_flops = dense > 0 ? network.flops / dense : 0;
      }
    }
  }

 private:
  // Returns what the trials took until this level, all their seeds together.
  double tuning(unsigned level) const {
    double flops = 0;
    for (const Variant& trial : trials_) {
      const auto networks = trial.levels.find(level);
      if (networks == trial.levels.end()) continue;
      for (const auto& [seed, network] : networks->second) flops += network.flops;
    }
    return flops;
  }

  double pretraining(std::uint64_t seed) const {
    const auto found = branches_.find(kPretraining);
    if (found == branches_.end() || !found->second.contains(seed)) return 0;
    return own_flops(found->second.at(seed).at(0));
  }

  // Returns the FLOPs of a pruned network's training, and of those before it.
  double flops_of_pruned(const std::string& branch, std::uint64_t seed, unsigned level) const {
    const std::vector<LevelSummary>& trials = branches_.at(branch).at(seed).at(level);
    const ControlKind* control = find_row(kControls, branch);
    double flops = own_flops(trials);
    std::optional<unsigned> pruned = config_.pruned_level(level);
    if (!pruned || (control && control->draws_mask())) {
      const std::vector<LevelSummary>& dense = ticket(seed, 0);
      return flops + own_flops(dense) * static_cast<double>(trials.front().first_step) /
                         static_cast<double>(dense.front().steps);
    }
    for (; pruned; pruned = config_.pruned_level(*pruned)) flops += own_flops(ticket(seed, *pruned));
    return flops;
  }

  const std::vector<LevelSummary>& ticket(std::uint64_t seed, unsigned level) const {
    const Levels& levels = branches_.at(kTicket).at(seed);
    if (const auto found = levels.find(level); found != levels.end()) return found->second;
    throw DataError("run '" + run_.name + "' lacks level " + std::to_string(level) + " of seed " +
                    std::to_string(seed) +
                    ", which its other levels need: go on with it by `ltlab search --resume`");
  }

  const RecordedRun& run_;
  SearchConfig config_;
  Branches branches_;
  std::vector<Variant> trials_;  // their tickets
};

}  // namespace

RecordedRun read_recorded_run(const std::filesystem::path& folder, const std::string& name) {
  const RunStore store(folder);
  if (!store.has_run())
    throw ConfigError("'" + folder.string() + "' holds no run: name the folder of a search, its --out");
  RecordedRun run;
  run.name = name;
  for (const RunStore& ticket : store.tickets()) add_replicate(ticket, run);
  if (run.trainings.empty()) {
    throw DataError("'" + folder.string() +
                    "' has not trained its dense network yet: go on with it by `ltlab search --resume`");
  }
  return run;
}

double density_distance(double a, double b) {
  return a == b ? 0 : std::abs(a - b) / std::max(a, b);
}

std::vector<Variant> branches_of(const std::vector<RecordedTraining>& trainings) {
  const Branches branches = by_branch(trainings);
  std::vector<Variant> variants{branch_of(kTicket, branches)};
  for (const auto& [branch, unused] : branches) {
    if (branch != kPretraining && branch != kTicket) variants.push_back(branch_of(branch, branches));
  }
  for (const RecordedTraining& training : trainings) add_file(training, variants);
  return variants;
}

std::vector<Variant> variants_of(const RecordedRun& run) {
  const Costs costs(run);
  std::vector<Variant> variants = branches_of(run.trainings);
  for (Variant& variant : variants) {
    costs.add_to(variant);
    variant.name = variant.name == kTicket ? run.name : run.name + "/" + variant.name;
  }
  return variants;
}

}  // namespace ltlab
