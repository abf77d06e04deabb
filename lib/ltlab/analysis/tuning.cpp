#include "ltlab/analysis/tuning.h"

#include <algorithm>

#include "ltlab/analysis/statistics.h"
#include "ltlab/base/error.h"

namespace ltlab {

double tuning_accuracy(const RecordedRun& trial) {
  std::vector<double> dense, pruned;
  const Variant tickets = branches_of(trial.trainings).front();
  for (const auto& [level, networks] : tickets.levels) {
    for (const auto& [seed, network] : networks)
      (level == 0 ? dense : pruned).push_back(network.validation_accuracy);
  }
  return describe(pruned.empty() ? dense : pruned).mean;
}

std::size_t best_trial(const std::vector<RecordedRun>& trials) {
  if (trials.empty()) throw ConfigError("there is no trial to choose from");
  const auto best = std::ranges::max_element(trials, {}, tuning_accuracy);
  return static_cast<std::size_t>(best - trials.begin());
}

}  // namespace ltlab
