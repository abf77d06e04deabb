#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/statistics.h"
#include "ltlab/lottery/search.h"

namespace ltlab {

/// One branch at one level, over the replicates; a control's trials are first averaged within each replicate,
/// so that the sample has one value per replicate.
struct BranchStatistics {
  SampleStatistics test_accuracy;             ///< after training
  SampleStatistics early_stop_step;           ///< iteration of minimum validation loss
  SampleStatistics early_stop_test_accuracy;  ///< at that iteration
};

/// All branches at one level.
struct LevelStatistics {
  unsigned level = 0;
  double density = 1;                                ///< mean over replicates
  std::map<std::string, BranchStatistics> branches;  ///< "ticket", "random-reinit", ...
};

/// The findings of a search.
struct Verdict {
  double dense_accuracy = 0;
  /// Standard deviation of the dense test accuracy over replicates; empty where there is only one.
  std::optional<double> dense_deviation;
  /// The mean test accuracy that a level must reach: the dense network's mean less one standard deviation. A
  /// matching subnetwork reaches the accuracy of the dense one (Frankle et al. 2020, arXiv 1912.05671,
  /// section 4); one deviation as in Chen et al. 2020, arXiv 2007.12223, section 3. A single replicate has no
  /// deviation, so it is the dense accuracy itself, as in the definition of a winning ticket (Frankle &
  /// Carbin 2019, section 1); chance then decides between levels of about that accuracy.
  double required_accuracy = 0;
  /// Index into the levels of the sparsest one that reaches it. Empty where no pruned level does.
  std::optional<std::size_t> sparsest_matching;
  /// For each control, the densest level from which on it fails to reach it, at every sparser level too.
  std::map<std::string, std::optional<std::size_t>> control_fails;
};

/// Gathers the trainings of a search, in any order.
class SearchResults {
 public:
  void add(const TrainingName& name, const LevelSummary& summary);

  /// Returns one row per level, dense first, without pretraining.
  std::vector<LevelStatistics> levels() const;
  std::size_t trainings() const { return summaries_.size(); }
  /// Returns the cost of all trainings together.
  Cost cost() const;

 private:
  using Key = std::tuple<unsigned, std::string, unsigned, unsigned>;  // level, branch, replicate, trial
  std::map<Key, LevelSummary> summaries_;
};

/// Returns what a search recorded, finished or not; replicates in the order of their seeds.
SearchResults recorded_results(const RecordedRun& run);

/// Judges levels that begin with the dense network.
Verdict judge(const std::vector<LevelStatistics>& levels);

}  // namespace ltlab
