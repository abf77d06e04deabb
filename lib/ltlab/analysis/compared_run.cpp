#include "ltlab/analysis/compared_run.h"

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
    to.trainings.push_back({run.seed, branch, run.trial, store.read_summary(level)});
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
using Levels = std::map<unsigned, std::vector<LevelSummary>>;
using Branches = std::map<std::string, std::map<std::uint64_t, Levels>>;

Branches by_branch(const RecordedRun& run) {
  Branches branches;
  for (const RecordedTraining& training : run.trainings)
    branches[training.branch][training.seed][training.summary.level].push_back(training.summary);
  return branches;
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

// One replicate: its networks and their cost.
class Replicate {
 public:
  Replicate(const RecordedRun& run, std::uint64_t seed, Branches& branches)
      : run_(run), seed_(seed), config_(when_pruned(run.config)), ticket_(branches[kTicket][seed]) {
    const Levels& pretraining = branches[kPretraining][seed];
    if (pretraining.contains(0)) pretraining_ = own_flops(pretraining.at(0));
  }

  VariantNetwork dense() const { return network(trained(0), pretraining_); }
  VariantNetwork pruned(const std::string& branch, const std::vector<LevelSummary>& trials) const {
    return network(trials, pretraining_ + flops_before(branch, trials.front()));
  }

 private:
  // Returns the FLOPs of the trainings that a pruned level of the branch takes before its own.
  double flops_before(const std::string& branch, const LevelSummary& level) const {
    const ControlKind* control = find_row(kControls, branch);
    std::optional<unsigned> pruned = config_.pruned_level(level.level);
    if (!pruned || (control && control->draws_mask())) {
      const std::vector<LevelSummary>& dense = trained(0);
      return own_flops(dense) * static_cast<double>(level.first_step) /
             static_cast<double>(dense.front().steps);
    }
    double flops = 0;
    for (; pruned; pruned = config_.pruned_level(*pruned)) flops += own_flops(trained(*pruned));
    return flops;
  }

  VariantNetwork network(const std::vector<LevelSummary>& trials, double flops) const {
    VariantNetwork network;
    network.density = mean_of(trials, &LevelSummary::density);
    network.test_accuracy = mean_of(trials, &LevelSummary::test_accuracy);
    network.early_stop_step = mean_of(trials, &LevelSummary::early_stop_step);
    network.early_stop_test_accuracy = mean_of(trials, &LevelSummary::early_stop_test_accuracy);
    network.flops = flops + own_flops(trials);
    const double dense = own_flops(trained(0));
    network.relative_flops = dense > 0 ? network.flops / dense : 0;
    return network;
  }

  const std::vector<LevelSummary>& trained(unsigned level) const {
    const auto found = ticket_.find(level);
    if (found != ticket_.end()) return found->second;
    throw DataError("run '" + run_.name + "' lacks level " + std::to_string(level) + " of seed " +
                    std::to_string(seed_) +
                    ", which its other levels need: go on with it by `ltlab search --resume`");
  }

  const RecordedRun& run_;
  std::uint64_t seed_;
  SearchConfig config_;
  const Levels& ticket_;
  double pretraining_ = 0;
};

Variant variant_of(const std::string& name, const std::string& branch, const Branches& branches,
                   const std::map<std::uint64_t, Replicate>& replicates) {
  Variant variant{name, {}};
  for (const auto& [seed, levels] : branches.at(branch)) {
    const Replicate& replicate = replicates.at(seed);
    variant.levels[0][seed] = replicate.dense();
    for (const auto& [level, trials] : levels) {
      if (level > 0) variant.levels[level][seed] = replicate.pruned(branch, trials);
    }
  }
  return variant;
}

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

std::vector<Variant> variants_of(const RecordedRun& run) {
  Branches branches = by_branch(run);
  std::map<std::uint64_t, Replicate> replicates;
  for (const RecordedTraining& training : run.trainings)
    replicates.try_emplace(training.seed, run, training.seed, branches);
  std::vector<Variant> variants{variant_of(run.name, kTicket, branches, replicates)};
  for (const auto& [branch, unused] : branches) {
    if (branch == kPretraining || branch == kTicket) continue;
    variants.push_back(variant_of(run.name + "/" + branch, branch, branches, replicates));
  }
  return variants;
}

}  // namespace ltlab
