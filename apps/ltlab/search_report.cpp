#include "search_report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "format.h"
#include "json_output.h"
#include "ltlab/base/join.h"
#include "ltlab/base/names.h"
#include "terminal.h"
#include "text_table.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

std::string accuracy(const SampleStatistics& s) {
  return s.size > 1 ? format("%6.2f ± %.2f", 100 * s.mean, 100 * s.half_width)
                    : format("%6.2f", 100 * s.mean);
}

std::string step(const SampleStatistics& s) {
  return s.size > 1 ? format("%.0f ± %.0f", s.mean, s.half_width) : format("%.0f", s.mean);
}

// Returns branches in the order of the columns: the ticket, then the controls.
std::vector<std::string> branch_names(const std::vector<LevelStatistics>& levels) {
  std::set<std::string> controls;
  for (const LevelStatistics& level : levels) {
    for (const auto& [name, unused] : level.branches) {
      if (name != "ticket") controls.insert(name);
    }
  }
  std::vector<std::string> names{"ticket"};
  names.insert(names.end(), controls.begin(), controls.end());
  return names;
}

void add_cells(const LevelStatistics& level, const std::string& branch, std::vector<std::string>& row) {
  const auto found = level.branches.find(branch);
  if (found == level.branches.end()) {
    row.resize(row.size() + 3);
    return;
  }
  row.push_back(accuracy(found->second.test_accuracy));
  row.push_back(accuracy(found->second.early_stop_test_accuracy));
  row.push_back(step(found->second.early_stop_step));
}

// Returns what is wrong with a level's masks; empty where nothing is.
std::string collapse_of(const LevelStatistics& level, const Collapses& collapses) {
  const auto found = std::ranges::find(collapses, level.level, &LayerCollapse::level);
  if (found == collapses.end()) return "";
  return found->replicates > 0 ? "layer collapse" : "empty layer";
}

TextTable table_of(const std::vector<LevelStatistics>& levels, const Collapses& collapses) {
  const std::vector<std::string> branches = branch_names(levels);
  TextTable table{"", {{"level", Align::right}, {"density", Align::right}}, {}, 2};
  for (const std::string& branch : branches)
    table.add({"test % at end", "at early stop", "early-stop step"}, Align::left, branch);
  if (!collapses.empty()) table.add({""}, Align::left, "masks");
  for (const LevelStatistics& level : levels) {
    auto& row = table.rows.emplace_back();
    row = {std::to_string(level.level), density_text(level.density)};
    for (const std::string& branch : branches) add_cells(level, branch, row);
    if (!collapses.empty()) row.push_back(collapse_of(level, collapses));
  }
  return table;
}

void print_control_verdict(std::ostream& out, const std::vector<LevelStatistics>& levels,
                           const Verdict& verdict, const std::string& control,
                           const std::optional<std::size_t>& fails) {
  std::string text = control;
  if (fails) {
    text += (verdict.dense_deviation ? ": not matching from " : ": below the dense network from ") +
            density_text(levels[*fails].density) + " density on";
  } else {
    text += verdict.dense_deviation ? ": matching" : ": at least as accurate as the dense network";
    text += " down to the sparsest level";
  }
  if (verdict.sparsest_matching) {
    const auto& branches = levels[*verdict.sparsest_matching].branches;
    const auto found = branches.find(control);
    if (found != branches.end()) {
      const double ahead = branches.at("ticket").test_accuracy.mean - found->second.test_accuracy.mean;
      text += format("; at the winning ticket's density it is %.2f points %s (%s)", 100 * std::abs(ahead),
                     ahead >= 0 ? "below" : "above", percent(found->second.test_accuracy.mean).c_str());
    }
  }
  print_line(out, text);
}

// Explains a verdict's weight: a single replicate has no deviation, and must not be read as if it had.
void print_criterion(std::ostream& out, const Verdict& verdict, std::size_t replicates) {
  const std::string required = percent(verdict.required_accuracy);
  if (!verdict.dense_deviation) {
    return print_line(out,
                      "One replicate: no confidence interval and no standard deviation. Levels are compared "
                      "with the dense network's own test accuracy, " +
                          required +
                          "; whether a difference is more than chance, only --replicates can tell.");
  }
  print_line(out,
             format("Mean ± half-width of the 95 %% confidence interval over %zu replicates.", replicates));
  print_line(
      out,
      "A level is matching if its mean test accuracy is at least the dense network's less one standard "
      "deviation: " +
          required + ".");
}

void print_ticket_verdict(std::ostream& out, const std::vector<LevelStatistics>& levels,
                          const Verdict& verdict) {
  const bool matching = verdict.dense_deviation.has_value();
  if (!verdict.sparsest_matching) {
    return print_line(out, std::string("No winning ticket: no pruned level ") +
                               (matching ? "is matching." : "reaches the dense network's test accuracy."));
  }
  const LevelStatistics& level = levels[*verdict.sparsest_matching];
  const char* const what =
      matching ? "Winning ticket: the sparsest matching level is level "
               : "Winning ticket of this replicate: the sparsest level at least as accurate is level ";
  print_line(out, what + std::to_string(level.level) + ", " + density_text(level.density) + " density, " +
                      percent(level.branches.at("ticket").test_accuracy.mean) + " test accuracy (dense " +
                      percent(verdict.dense_accuracy) + ").");
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

void print_cost(std::ostream& out, const SearchResults& results) {
  const Cost cost = results.cost();
  print_line(
      out, format("Cost: %s of training, summed over %zu trainings; %.3g FLOPs, %.1f %% of the %.3g of dense "
                  "training.",
                  duration(cost.wall_seconds).c_str(), results.trainings(), cost.flops,
                  100 * flops_ratio(cost), cost.dense_flops));
}

// Spread is null for a single value, which has none.
ordered_json to_json(const SampleStatistics& s) {
  return {{"mean", s.mean},
          {"standard_deviation", json_if(s.size > 1, s.deviation)},
          {"half_width_95", json_if(s.size > 1, s.half_width)},
          {"n", s.size}};
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

ordered_json to_json(const Verdict& verdict, const std::vector<LevelStatistics>& levels) {
  const auto density_of = [&](const std::optional<std::size_t>& index) {
    return index ? std::optional(levels[*index].density) : std::nullopt;
  };
  ordered_json controls;
  for (const auto& [control, fails] : verdict.control_fails) controls[control] = density_of(fails);
  const bool matching = verdict.dense_deviation.has_value();
  ordered_json json = {{"criterion", matching ? "mean test accuracy >= dense mean - dense standard deviation"
                                              : "test accuracy >= dense test accuracy, of one replicate"},
                       {"required_test_accuracy", verdict.required_accuracy},
                       {"dense_test_accuracy", verdict.dense_accuracy},
                       {"dense_standard_deviation", verdict.dense_deviation},
                       {"sparsest_matching_density", density_of(verdict.sparsest_matching)}};
  if (!controls.empty()) json["control_fails_from_density"] = controls;
  return json;
}

}  // namespace

void print_verdict(std::ostream& out, const SearchResults& results, const Collapses& collapses) {
  const std::vector<LevelStatistics> levels = results.levels();
  const Verdict verdict = judge(levels);
  print_criterion(out, verdict, levels.front().branches.at("ticket").test_accuracy.size);
  print_ticket_verdict(out, levels, verdict);
  for (const auto& [control, fails] : verdict.control_fails)
    print_control_verdict(out, levels, verdict, control, fails);
  for (const bool cut : {true, false}) print_levels(out, collapses, cut);
  print_cost(out, results);
}

void print_report(std::ostream& out, const SearchResults& results, const Collapses& collapses) {
  print_terminal(out, table_of(results.levels(), collapses));
  out << '\n';
  print_verdict(out, results, collapses);
}

ordered_json report_json(const SearchResults& results, const Collapses& collapses) {
  const std::vector<LevelStatistics> levels = results.levels();
  const ordered_json rows = json_array(levels, [](const LevelStatistics& level) {
    ordered_json branches;
    for (const auto& [name, s] : level.branches) {
      branches[name] = {{"test_accuracy", to_json(s.test_accuracy)},
                        {"early_stop_test_accuracy", to_json(s.early_stop_test_accuracy)},
                        {"early_stop_step", to_json(s.early_stop_step)}};
    }
    return ordered_json{{"level", level.level}, {"density", level.density}, {"branches", branches}};
  });
  ordered_json verdict = to_json(judge(levels), levels);
  if (!collapses.empty()) verdict["layer_collapse"] = to_json(collapses);
  return {{"levels", rows}, {"verdict", verdict}, {"cost", to_json(results.cost())}};
}

}  // namespace ltlab::app
