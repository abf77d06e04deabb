#include "ltlab/analysis/search_results.h"

#include <algorithm>
#include <map>

#include "ltlab/analysis/families.h"
#include "ltlab/config/controls.h"

namespace ltlab {
namespace {

// Returns the networks of a level; null where the variant has none.
const Networks* find_level(const Variant& variant, unsigned level) {
  const auto found = variant.levels.find(level);
  return found == variant.levels.end() ? nullptr : &found->second;
}

Sample test_accuracies(const Networks& networks) {
  return sample_of(networks, &VariantNetwork::test_accuracy);
}

// A network that keeps neither the ticket's weights nor its mask whole.
bool refutes(const std::string& control) {
  const ControlKind* kind = find_row(kControls, control);
  return kind && kind->refutes;
}

ControlVerdict judge_control(const Variant& control, const Variant& ticket, std::optional<unsigned> level,
                             const MatchingOptions& options) {
  ControlVerdict verdict{control.name, find_matching(control, options), {}};
  const Networks* networks = level ? find_level(control, *level) : nullptr;
  if (networks)
    verdict.ahead = test_difference(test_accuracies(ticket.levels.at(*level)), test_accuracies(*networks));
  return verdict;
}

// Corrects the tests of those controls that there are.
void correct(std::vector<ControlVerdict>& controls) {
  std::vector<double> p;
  std::vector<ControlVerdict*> tested;
  for (ControlVerdict& control : controls) {
    if (!control.ahead) continue;
    p.push_back(control.ahead->p_above());
    tested.push_back(&control);
  }
  const std::vector<double> corrected = holm_corrected(p);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    tested[i]->corrected_p = corrected[i];
    tested[i]->does_as_well = refutes(tested[i]->name) && !(corrected[i] < kSignificance);
  }
}

// Each network of level 0 counts once, though controls share it.
void count_unfinished(const std::vector<Variant>& branches, Verdict& verdict) {
  for (const Variant& branch : branches) {
    for (const auto& [level, networks] : branch.levels) {
      if (level == 0 && &branch != &branches.front()) continue;
      verdict.networks += networks.size();
      verdict.still_improving += static_cast<std::size_t>(
          std::ranges::count_if(networks, [](const auto& of) { return of.second.still_improving > 0.5; }));
    }
  }
}

}  // namespace

void SearchResults::add(const TrainingName& name, const LevelSummary& summary) {
  trainings_.push_back({name.replicate, name.branch, name.trial, summary, {}});
}

Cost SearchResults::cost() const {
  Cost cost;
  for (const RecordedTraining& training : trainings_) cost += training.summary.cost;
  return cost;
}

SearchResults recorded_results(const RecordedRun& run) {
  std::map<std::uint64_t, unsigned> replicates;
  for (const RecordedTraining& training : run.trainings) replicates[training.seed] = 0;
  unsigned next = 0;
  for (auto& [seed, replicate] : replicates) replicate = next++;
  SearchResults results;
  for (const auto& [seed, branch, trial, summary, file] : run.trainings)
    results.add({replicates.at(seed), branch, static_cast<unsigned>(trial), summary.level}, summary);
  return results;
}

bool Verdict::is_winning() const {
  const auto tells = [](const ControlVerdict& control) {
    return control.ahead && refutes(control.name) && !control.does_as_well;
  };
  return ticket.sparsest && std::ranges::none_of(controls, &ControlVerdict::does_as_well) &&
         std::ranges::any_of(controls, tells);
}

bool Verdict::is_near_chance(std::size_t classes) const {
  if (classes == 0) return false;
  const double chance = 1.0 / static_cast<double>(classes);
  return dense.statistics.mean < chance + 0.1 * (1 - chance);
}

Verdict judge(const std::vector<Variant>& branches, const MatchingOptions& options) {
  const Variant& ticket = branches.front();
  Verdict verdict;
  verdict.ticket = find_matching(ticket, options);
  const Sample dense = test_accuracies(ticket.levels.at(0));
  verdict.dense = estimate(dense);
  verdict.dense_never_improved = static_cast<std::size_t>(std::ranges::count_if(
      ticket.levels.at(0), [](const auto& of) { return of.second.never_improved > 0.5; }));
  std::optional<unsigned> level;
  if (verdict.ticket.sparsest) {
    level = verdict.ticket.levels[*verdict.ticket.sparsest].level;
    const Sample winner = test_accuracies(ticket.levels.at(*level));
    verdict.winner = estimate(winner);
    verdict.against_dense = test_difference(winner, dense);
  }
  for (auto control = branches.begin() + 1; control != branches.end(); ++control)
    verdict.controls.push_back(judge_control(*control, ticket, level, options));
  correct(verdict.controls);
  count_unfinished(branches, verdict);
  return verdict;
}

}  // namespace ltlab
