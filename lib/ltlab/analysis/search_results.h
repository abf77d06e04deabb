#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/matching_levels.h"
#include "ltlab/analysis/samples.h"
#include "ltlab/lottery/search_observer.h"

namespace ltlab {

/// Gathers the trainings of a search, in any order.
class SearchResults {
 public:
  void add(const TrainingName& name, const LevelSummary& summary);

  /// Returns the tickets, "ticket", then the controls, by replicate, without what they cost.
  std::vector<Variant> branches() const { return branches_of(trainings_); }
  std::size_t trainings() const { return trainings_.size(); }
  /// Returns the cost of all trainings together.
  Cost cost() const;

 private:
  std::vector<RecordedTraining> trainings_;  // their replicates as seeds
};

/// Returns what a search recorded, finished or not; replicates in the order of their seeds.
SearchResults recorded_results(const RecordedRun& run);

/// A control, beside the tickets.
struct ControlVerdict {
  std::string name;  ///< its branch
  Matching matching;
  /// The test of the tickets' test accuracy less the control's, at the tickets' sparsest matching level.
  /// There is none where the control has no such level, or for one replicate.
  std::optional<MeanTest> ahead;
  double corrected_p = 0;  ///< of `ahead`, one-sided: that tickets are no better; Holm's, over the controls
  /// Whether the control speaks against the ticket's being a winning one: it lacks the ticket's weights or
  /// its mask, and is not shown to be less accurate.
  bool does_as_well = false;
};

/// The findings of a search.
struct Verdict {
  Matching ticket;
  Estimate dense;                         ///< test accuracy of the dense networks
  std::optional<Estimate> winner;         ///< test accuracy at the sparsest matching level
  std::optional<MeanTest> against_dense;  ///< of that, less the dense networks' test accuracy
  std::vector<ControlVerdict> controls;

  std::size_t dense_never_improved = 0;  ///< dense networks that VariantNetwork::never_improved
  std::size_t networks = 0;              ///< trained ones: tickets and controls, all levels
  std::size_t still_improving = 0;       ///< those of them whose least validation loss was their last

  /// Whether a control tells that the sparsest matching tickets win, and none that they do not.
  bool is_winning() const;
  /// Whether most networks were still improving when their training ended.
  bool is_unfinished() const { return 2 * still_improving > networks; }
  /// Whether the dense networks are no better than a tenth of the way from chance, one in `classes`, to
  /// perfection: they have diverged, or learned nothing. False where `classes` is 0, unknown.
  bool is_near_chance(std::size_t classes) const;
  /// Whether most dense networks had their least validation loss before the first step: they have diverged,
  /// or learned nothing, even where some are well above chance.
  bool has_diverged() const { return 2 * dense_never_improved > dense.sample.size(); }
  /// Whether there are too few replicates for a test to tell much: its intervals are four and more times as
  /// wide as those of many.
  bool has_few_replicates() const { return dense.sample.size() == 2; }
};

/// Judges a search's tickets and controls, as SearchResults::branches() returns them.
Verdict judge(const std::vector<Variant>& branches, const MatchingOptions& options);

}  // namespace ltlab
