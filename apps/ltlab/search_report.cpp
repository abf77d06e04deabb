#include "search_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "format.h"
#include "json_output.h"
#include "ltlab/base/join.h"
#include "ltlab/base/names.h"
#include "terminal.h"
#include "test_text.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

std::string accuracy(const Networks& networks, double VariantNetwork::*figure) {
  const SampleStatistics s = describe(values_of(sample_of(networks, figure)));
  return s.size > 1 ? format("%6.2f ± %.2f", 100 * s.mean, 100 * s.half_width)
                    : format("%6.2f", 100 * s.mean);
}

// Returns the early stop, with + where most networks were still improving then.
std::string step(const Networks& networks) {
  const SampleStatistics s = describe(values_of(sample_of(networks, &VariantNetwork::early_stop_step)));
  const bool improving = mean_of_networks(networks, &VariantNetwork::still_improving) > 0.5;
  return (s.size > 1 ? format("%.0f ± %.0f", s.mean, s.half_width) : format("%.0f", s.mean)) +
         (improving ? " +" : "");
}

void add_cells(const Variant& branch, unsigned level, std::vector<std::string>& row) {
  const auto found = branch.levels.find(level);
  if (found == branch.levels.end() || (level == 0 && branch.name != "ticket")) {
    row.resize(row.size() + 3);
    return;
  }
  row.push_back(accuracy(found->second, &VariantNetwork::test_accuracy));
  row.push_back(accuracy(found->second, &VariantNetwork::early_stop_test_accuracy));
  row.push_back(step(found->second));
}

// Returns what is wrong with a level's masks; empty where nothing is.
std::string collapse_of(unsigned level, const Collapses& collapses) {
  const auto found = std::ranges::find(collapses, level, &LayerCollapse::level);
  if (found == collapses.end()) return "";
  return found->replicates > 0 ? "layer collapse" : "empty layer";
}

TextTable table_of(const std::vector<Variant>& branches, const Collapses& collapses) {
  TextTable table{"", {{"level", Align::right}, {"density", Align::right}}, {}, 2};
  for (const Variant& branch : branches)
    table.add({"test % at end", "at early stop", "early-stop step"}, Align::left, branch.name);
  if (!collapses.empty()) table.add({""}, Align::left, "masks");
  for (const auto& [level, networks] : branches.front().levels) {
    auto& row = table.rows.emplace_back();
    row = {std::to_string(level), density_text(mean_of_networks(networks, &VariantNetwork::density))};
    for (const Variant& branch : branches) add_cells(branch, level, row);
    if (!collapses.empty()) row.push_back(collapse_of(level, collapses));
  }
  return table;
}

// ----------------------------------------------------------------------------------------------------
// the verdict

// Returns "97.84 ± 0.08 %".
std::string accuracy_text(const Estimate& estimate) {
  const SampleStatistics& s = estimate.statistics;
  return s.size > 1 ? format("%.2f ± %.2f %%", 100 * s.mean, 100 * s.half_width) : percent(s.mean);
}

// Returns how levels were judged. A single replicate has no spread, and must not be read as if it had.
std::string criterion_text(const Verdict& verdict, const MatchingOptions& options) {
  if (verdict.dense.sample.size() < 2)
    return "One replicate: no confidence interval and no test. Levels count as matching, from dense to "
           "sparse, until the first whose validation accuracy is below the dense network's; whether a "
           "difference is more than chance, only --replicates can tell.";
  std::string text = format("Mean ± half-width of the 95 %% confidence interval over %zu replicates. ",
                            verdict.dense.sample.size());
  if (options.criterion == Criterion::one_deviation)
    return text +
           "A level is matching if its mean test accuracy is at least the dense network's less one "
           "standard deviation (Chen et al. 2020), which is no test.";
  return text +
         format(
             "Levels are matching, from dense to sparse, until the first whose %s accuracy is not "
             "shown to be less than %.2f points below the dense network's ",
             verdict.ticket.on_validation ? "validation" : "test", 100 * options.margin) +
         format("(one-sided t test, p < %g).", kSignificance);
}

std::string density_of(const Matching& matching) {
  return density_text(matching.levels[*matching.sparsest].density) + " density";
}

// Returns how far a control's test accuracy lies behind the tickets', where both were tested.
std::string behind_text(const ControlVerdict& control) {
  const double points = 100 * control.ahead->estimate;
  return format("%.2f points %s (p %s)", std::abs(points), points >= 0 ? "below" : "above",
                p_text(control.corrected_p).c_str());
}

// Returns whether the sparsest matching tickets are winning ones, and why.
std::string winning_text(const Verdict& verdict) {
  const auto as_well = std::ranges::find_if(verdict.controls, &ControlVerdict::does_as_well);
  if (as_well != verdict.controls.end())
    return "No winning ticket there by the definition of Frankle & Carbin 2019: " + as_well->name +
           " is not shown to do worse.";
  if (verdict.is_winning()) return "Winning ticket: it matches, and its controls do worse.";
  return "Whether it is a winning ticket, only a control can tell: --control random-reinit.";
}

// Returns the range of the sparsest matching level over resamples of the replicates.
std::string range_text(const Matching& matching) {
  const auto end = [&](double fraction) {
    const std::optional<std::size_t> level = matching.resampled->quantile(fraction);
    return level ? density_text(matching.levels[*level].density) : "none";
  };
  const std::string dense = end(0.025), sparse = end(0.975);
  return dense == sparse ? "at " + dense + "." : "between " + dense + " and " + sparse + ".";
}

std::string ticket_text(const Verdict& verdict) {
  const Matching& matching = verdict.ticket;
  if (matching.levels.empty()) return "No level was pruned yet.";
  if (!matching.sparsest) return "No pruned level is matching: no winning ticket.";
  const LevelMatch& match = matching.levels[*matching.sparsest];
  std::string text = "Sparsest matching level: level " + std::to_string(match.level) + ", " +
                     density_of(matching) + ", test accuracy " + accuracy_text(*verdict.winner) + " (dense " +
                     accuracy_text(verdict.dense) + ").";
  if (matching.ended_first) text += " The search ended there, so sparser levels may match, too.";
  if (matching.resampled) text += " In 95 % of resamples of the replicates it lies " + range_text(matching);
  return text;
}

std::string control_text(const ControlVerdict& control) {
  const Matching& matching = control.matching;
  std::string text = control.name + ": ";
  if (!matching.sparsest)
    text += "matching at no level";
  else
    text += "matching down to " + density_of(matching) + (matching.ended_first ? ", its sparsest" : "");
  if (control.ahead) text += "; at the tickets' sparsest matching level " + behind_text(control);
  return text + ".";
}

// Returns what makes the verdict doubtful.
std::vector<std::string> caution_texts(const Verdict& verdict, std::size_t classes) {
  std::vector<std::string> texts;
  const std::string nothing = "It has diverged or learned nothing, and to match it means nothing.";
  if (verdict.is_near_chance(classes))
    texts.push_back("Caution: the dense network is hardly above chance, " +
                    percent(1 / static_cast<double>(classes)) + ". " + nothing);
  if (verdict.has_diverged())
    texts.push_back(format("Caution: the dense network's validation loss was least before the first step, in "
                           "%zu of %zu replicates. ",
                           verdict.dense_never_improved, verdict.dense.sample.size()) +
                    nothing);
  if (verdict.has_few_replicates())
    texts.emplace_back(
        "Caution: two replicates show no more than the largest differences; five or more tell.");
  if (verdict.is_unfinished())
    texts.push_back(
        format("Caution: %zu of %zu trainings were still improving (+): their least validation "
               "loss was their last. With more --steps they might rank otherwise.",
               verdict.still_improving, verdict.networks));
  return texts;
}

// Prints the levels with a cut network, or those with only an empty layer, in words.
void print_levels(std::ostream& out, const Collapses& collapses, bool cut) {
  std::vector<std::size_t> levels;
  std::set<std::string> empty;
  for (const LayerCollapse& collapse : collapses) {
    if ((collapse.replicates > 0) != cut) continue;
    levels.push_back(collapse.level);
    empty.insert(collapse.empty.begin(), collapse.empty.end());
  }
  if (levels.empty()) return;
  std::string text = (cut ? "Layer collapse at level " : "At level ") + ranges(levels) + ": ";
  if (!empty.empty()) text += "pruning left no weight of " + join(empty, ", ");
  if (cut) {
    text += empty.empty() ? "" : ", so ";
    text +=
        "no path leads from an input to an output, and the network tells nothing apart (effective density 0)";
  }
  print_line(out, text + ". --min-survivors N keeps at least N weights in every layer.");
}

// Returns NaN, which JSON writes as null, where nothing was trained.
double flops_ratio(const Cost& cost) {
  return cost.flops / cost.dense_flops;
}

std::string cost_text(const SearchResults& results) {
  const Cost cost = results.cost();
  return format(
      "Cost: %s of training, summed over %zu trainings; %.3g FLOPs by surviving weights, %.1f %% of "
      "the %.3g of dense training.",
      duration(cost.wall_seconds).c_str(), results.trainings(), cost.flops, 100 * flops_ratio(cost),
      cost.dense_flops);
}

// ----------------------------------------------------------------------------------------------------
// JSON

// Spread is null for a single value, which has none; values are those of the replicates, in their order.
ordered_json to_json(const Estimate& estimate) {
  const SampleStatistics& s = estimate.statistics;
  return {{"mean", s.mean},
          {"standard_deviation", json_if(s.size > 1, s.deviation)},
          {"half_width_95", json_if(s.size > 1, s.half_width)},
          {"n", s.size},
          {"values", values_of(estimate.sample)}};
}

ordered_json to_json(const std::optional<MeanTest>& test) {
  if (!test) return nullptr;
  const Interval interval = test->interval();
  return {{"mean_difference", test->estimate},
          {"student_interval_95", {interval.low, interval.high}},
          {"test", test->second_size == 0 ? "paired t" : "Welch"},
          {"degrees_of_freedom", test->degrees_of_freedom},
          {"p", test->p()}};
}

ordered_json to_json(const Cost& cost) {
  return {{"wall_seconds", cost.wall_seconds},
          {"flops", cost.flops},
          {"dense_flops", cost.dense_flops},
          {"flops_ratio", flops_ratio(cost)},
          {"kernel_flops", json_if(cost.kernel_flops > 0, cost.kernel_flops)}};
}

ordered_json to_json(const Collapses& collapses) {
  return json_array(collapses, [](const LayerCollapse& collapse) {
    return ordered_json{{"level", collapse.level},
                        {"replicates_of_effective_density_0", collapse.replicates},
                        {"empty_layers", collapse.empty}};
  });
}

ordered_json sparsest_density(const Matching& matching) {
  if (!matching.sparsest) return nullptr;
  return matching.levels[*matching.sparsest].density;
}

// Returns the ends of the range of 95 % of resamples; null for no level.
ordered_json sparsest_range(const Matching& matching) {
  if (!matching.resampled) return nullptr;
  return json_array(std::array{0.025, 0.975}, [&](double fraction) {
    const std::optional<std::size_t> level = matching.resampled->quantile(fraction);
    return level ? ordered_json(matching.levels[*level].density) : ordered_json();
  });
}

ordered_json to_json(const ControlVerdict& control) {
  return {{"sparsest_matching_density", sparsest_density(control.matching)},
          {"ticket_ahead", to_json(control.ahead)},
          {"p_holm_one_sided", json_if(control.ahead.has_value(), control.corrected_p)},
          {"does_as_well", control.does_as_well}};
}

ordered_json to_json(const Verdict& verdict, std::size_t classes) {
  ordered_json json = {{"criterion", criterion_names().name(verdict.ticket.criterion)},
                       {"judged_by", verdict.ticket.on_validation ? "validation accuracy" : "test accuracy"},
                       {"dense_test_accuracy", to_json(verdict.dense)},
                       {"sparsest_matching_density", sparsest_density(verdict.ticket)},
                       {"sparsest_matching_density_95", sparsest_range(verdict.ticket)},
                       {"search_ended_first", verdict.ticket.ended_first},
                       {"test_accuracy", verdict.winner ? to_json(*verdict.winner) : ordered_json()},
                       {"against_dense", to_json(verdict.against_dense)},
                       {"is_winning_ticket", verdict.is_winning()},
                       {"trainings_still_improving", verdict.still_improving},
                       {"cautions", caution_texts(verdict, classes)}};
  for (const ControlVerdict& control : verdict.controls) json["controls"][control.name] = to_json(control);
  return json;
}

ordered_json level_json(const std::vector<Variant>& branches, unsigned level) {
  ordered_json figures;
  for (const Variant& branch : branches) {
    const auto found = branch.levels.find(level);
    if (found == branch.levels.end() || (level == 0 && &branch != &branches.front())) continue;
    const auto figure = [&](auto member) { return to_json(estimate(sample_of(found->second, member))); };
    figures[branch.name] = {{"test_accuracy", figure(&VariantNetwork::test_accuracy)},
                            {"validation_accuracy", figure(&VariantNetwork::validation_accuracy)},
                            {"early_stop_test_accuracy", figure(&VariantNetwork::early_stop_test_accuracy)},
                            {"early_stop_step", figure(&VariantNetwork::early_stop_step)}};
  }
  const Networks& tickets = branches.front().levels.at(level);
  return {{"level", level},
          {"density", mean_of_networks(tickets, &VariantNetwork::density)},
          {"branches", figures}};
}

}  // namespace

void print_verdict(std::ostream& out, const SearchFindings& findings) {
  const Verdict verdict = judge(findings.results.branches(), findings.options);
  print_line(out, criterion_text(verdict, findings.options));
  print_line(out, ticket_text(verdict));
  for (const ControlVerdict& control : verdict.controls) print_line(out, control_text(control));
  if (verdict.ticket.sparsest) print_line(out, winning_text(verdict));
  for (const std::string& caution : caution_texts(verdict, findings.classes)) print_line(out, caution);
  for (const bool cut : {true, false}) print_levels(out, findings.collapses, cut);
  print_line(out, cost_text(findings.results));
}

void print_report(std::ostream& out, const SearchFindings& findings) {
  print_terminal(out, table_of(findings.results.branches(), findings.collapses));
  out << '\n';
  print_verdict(out, findings);
}

ordered_json report_json(const SearchFindings& findings) {
  const std::vector<Variant> branches = findings.results.branches();
  ordered_json levels = ordered_json::array();
  for (const auto& [level, networks] : branches.front().levels) levels.push_back(level_json(branches, level));
  ordered_json verdict = to_json(judge(branches, findings.options), findings.classes);
  if (!findings.collapses.empty()) verdict["layer_collapse"] = to_json(findings.collapses);
  return {{"levels", levels}, {"verdict", verdict}, {"cost", to_json(findings.results.cost())}};
}

}  // namespace ltlab::app
