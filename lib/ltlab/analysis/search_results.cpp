#include "ltlab/analysis/search_results.h"

namespace ltlab {
namespace {

const char* const kTicket = "ticket";
const char* const kPretraining = "pretraining";

using Summaries = std::vector<LevelSummary>;

// Returns a statistic over replicates of a figure averaged over each replicate's trials.
template <class Figure>
SampleStatistics over_replicates(const std::map<unsigned, Summaries>& replicates, const Figure& figure) {
  std::vector<double> values;
  values.reserve(replicates.size());
  for (const auto& [replicate, trials] : replicates) values.push_back(mean_of(trials, figure));
  return describe(values);
}

BranchStatistics describe_branch(const std::map<unsigned, Summaries>& replicates) {
  return {over_replicates(replicates, &LevelSummary::test_accuracy),
          over_replicates(replicates, &LevelSummary::early_stop_step),
          over_replicates(replicates, &LevelSummary::early_stop_test_accuracy)};
}

// Returns the index of the densest level from which on every level that has the branch is not matching.
std::optional<std::size_t> fails_from(const std::vector<LevelStatistics>& levels, const std::string& branch,
                                      double threshold) {
  std::optional<std::size_t> from;
  for (std::size_t i = levels.size(); i-- > 1;) {
    const auto found = levels[i].branches.find(branch);
    if (found == levels[i].branches.end()) continue;
    if (found->second.test_accuracy.mean >= threshold) break;
    from = i;
  }
  return from;
}

}  // namespace

void SearchResults::add(const TrainingName& name, const LevelSummary& summary) {
  summaries_[{name.level, name.branch, name.replicate, name.trial}] = summary;
}

std::vector<LevelStatistics> SearchResults::levels() const {
  std::map<unsigned, std::map<std::string, std::map<unsigned, Summaries>>> by_level;
  for (const auto& [key, summary] : summaries_) {
    const auto& [level, branch, replicate, trial] = key;
    if (branch == kPretraining) continue;
    by_level[level][branch][replicate].push_back(summary);
  }
  std::vector<LevelStatistics> result;
  for (const auto& [level, branches] : by_level) {
    LevelStatistics statistics{level, 1, {}};
    for (const auto& [branch, replicates] : branches)
      statistics.branches[branch] = describe_branch(replicates);
    if (branches.contains(kTicket))
      statistics.density = over_replicates(branches.at(kTicket), &LevelSummary::density).mean;
    result.push_back(statistics);
  }
  return result;
}

Cost SearchResults::cost() const {
  Cost cost;
  for (const auto& [key, summary] : summaries_) cost += summary.cost;
  return cost;
}

SearchResults recorded_results(const RecordedRun& run) {
  std::map<std::uint64_t, unsigned> replicates;
  for (const RecordedTraining& training : run.trainings) replicates[training.seed] = 0;
  unsigned next = 0;
  for (auto& [seed, replicate] : replicates) replicate = next++;
  SearchResults results;
  for (const auto& [seed, branch, trial, summary] : run.trainings)
    results.add({replicates.at(seed), branch, static_cast<unsigned>(trial), summary.level}, summary);
  return results;
}

Verdict judge(const std::vector<LevelStatistics>& levels) {
  const SampleStatistics& dense = levels.front().branches.at(kTicket).test_accuracy;
  Verdict verdict;
  verdict.dense_accuracy = dense.mean;
  if (dense.size > 1) verdict.dense_deviation = dense.deviation;
  verdict.required_accuracy = dense.mean - verdict.dense_deviation.value_or(0);
  for (std::size_t i = 1; i < levels.size(); ++i) {
    const auto ticket = levels[i].branches.find(kTicket);
    if (ticket != levels[i].branches.end() &&
        ticket->second.test_accuracy.mean >= verdict.required_accuracy) {
      verdict.sparsest_matching = i;
    }
    for (const auto& [branch, statistics] : levels[i].branches) {
      if (branch != kTicket)
        verdict.control_fails[branch] = fails_from(levels, branch, verdict.required_accuracy);
    }
  }
  return verdict;
}

}  // namespace ltlab
