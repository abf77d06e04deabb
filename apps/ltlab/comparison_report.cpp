#include "comparison_report.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "format.h"
#include "ltlab/base/join.h"
#include "test_text.h"

namespace ltlab::app {
namespace {

const char* const kNone = "-";

// Returns a density, aligned with others in a column.
std::string density_cell(double density) {
  return format("%8s", density_text(density).c_str());
}

std::string number(double value, const char* pattern) {
  return std::isnan(value) ? kNone : format(pattern, value);
}

// Returns how many seeds the figures of most results have.
std::size_t seeds_of(const Comparison& comparison) {
  return comparison.densities.front().results.front()->test_accuracy.sample.size();
}

// Returns "97.40 [97.02, 97.75]", with the number of values where it differs from elsewhere; only the mean
// for one value.
std::string interval_text(const Estimate& estimate, double scale, const char* pattern, std::size_t seeds) {
  std::string text = format(pattern, scale * estimate.statistics.mean);
  if (estimate.sample.size() > 1) {
    text += " [" + format(pattern, scale * estimate.interval.low) + ", " +
            format(pattern, scale * estimate.interval.high) + "]";
  }
  return estimate.sample.size() == seeds ? text : text + format(" (%zu)", estimate.sample.size());
}

// Returns "97.40 [97.02, 97.75]", with + where most of the networks were still improving.
std::string accuracy_text(const DensityResult& result, std::size_t seeds) {
  return interval_text(result.test_accuracy, 100, "%.2f", seeds) + (result.still_improving > 0.5 ? " +" : "");
}

// Returns what the tests of equivalence show; empty where they show nothing.
std::string finding(const Difference& difference) {
  if (difference.is_equivalent()) return "  equivalent";
  return difference.is_not_worse() ? "  not worse" : "";
}

// Returns "same" where all values are the other's: those of one network.
std::string difference_text(const Difference& difference) {
  if (difference.same) return "same";
  return points_text(difference.test) + "  p " + p_text(difference.corrected_p) + "  g " +
         number(difference.hedges_g, "%+.1f");
}

// A cell's text, and whether it is marked.
struct CellText {
  std::string text;
  bool marked = false;
};

CellText difference_cell(const std::optional<Difference>& difference) {
  if (!difference) return {kNone};
  return {difference_text(*difference) + (difference->same ? "" : finding(*difference)),
          difference->is_significant()};
}

CellText dense_cell(const DensityResult& result) {
  const std::optional<Difference>& difference = result.against_dense;
  if (!difference) return {kNone};
  return {points_text(difference->test) + finding(*difference), difference->is_significant()};
}

using CellOf = std::function<CellText(const DensityResult&)>;

TextTable transposed(const TextTable& table, const std::string& corner) {
  TextTable result{table.caption, {corner}, {}, 1, table.label};
  for (const auto& row : table.rows) result.columns.emplace_back(row.front());
  for (std::size_t column = 1; column < table.columns.size(); ++column) {
    auto& row = result.rows.emplace_back(1, table.columns[column].name);
    for (const auto& other : table.rows) row.push_back(other[column]);
  }
  for (const auto& [row, column] : table.marked) result.marked.emplace(column - 1, row + 1);
  return result;
}

// Returns the table as it is, or with its rows as columns where it has more columns than rows.
TextTable upright(TextTable table, const std::string& corner) {
  const bool wide = table.columns.size() > table.rows.size() + 1 && !table.rows.empty();
  return wide ? transposed(table, corner) : std::move(table);
}

// Returns one row per density and one column per variant from number `first` on, without empty rows; with
// more variants than densities, one row per variant.
TextTable by_density(const Comparison& comparison, const std::string& label, const std::string& caption,
                     std::size_t first, const CellOf& cell_of) {
  TextTable table{caption, {" density"}, {}, 1, label};
  for (std::size_t v = first; v < comparison.variants.size(); ++v)
    table.columns.emplace_back(comparison.variants[v].name);
  for (const ComparedDensity& density : comparison.densities) {
    std::vector<std::string> row{density_cell(density.density)};
    bool tells = false;
    for (std::size_t v = first; v < comparison.variants.size(); ++v) {
      const CellText cell = density.results[v] ? cell_of(*density.results[v]) : CellText{kNone};
      if (cell.marked) table.marked.emplace(table.rows.size(), row.size());
      row.push_back(cell.text);
      tells = tells || cell.text != kNone;
    }
    if (tells) table.rows.push_back(row);
  }
  return upright(std::move(table), "variant");
}

// Returns one row per pair of variants and one column per density.
TextTable pairs_table(const Comparison& comparison, const std::string& caption) {
  TextTable table{caption, {"pair"}, {}, 1, "pairs"};
  std::map<std::size_t, std::size_t> columns;  // of densities
  for (const ComparedPair& pair : comparison.pairs) columns[pair.density] = 0;
  for (auto& [density, column] : columns) {
    column = table.columns.size();
    table.columns.emplace_back(density_cell(comparison.densities[density].density));
  }
  std::pair<std::size_t, std::size_t> last;
  for (const auto& [a, b, density, difference] : comparison.pairs) {
    if (table.rows.empty() || std::pair(a, b) != last) {
      table.rows.emplace_back(table.columns.size(), kNone);
      table.rows.back().front() = comparison.variants[a].name + " - " + comparison.variants[b].name;
      last = {a, b};
    }
    const CellText cell = difference_cell(difference);
    table.rows.back()[columns[density]] = cell.text;
    if (cell.marked) table.marked.emplace(table.rows.size() - 1, columns[density]);
  }
  return table;
}

// Returns "1.85 %", or "at most 1.85 %" where the variant ended before a level failed.
std::string matching_text(const Matching& matching) {
  if (!matching.sparsest) return kNone;
  return (matching.ended_first ? "at most " : "") + density_text(matching.levels[*matching.sparsest].density);
}

TextTable summary_table(const Comparison& comparison) {
  const bool curve = comparison.grid.size() > 1;
  TextTable table{"Each variant as a whole",
                  {"variant", "sparsest matching", "test accuracy there", "its cost"},
                  {},
                  1,
                  "summary"};
  if (curve) {
    table.caption += "; the area is mean accuracy in % over log density, at the densities that all have: " +
                     join(comparison.grid, ", ",
                          [&](std::size_t d) { return density_text(comparison.densities[d].density); });
    for (const char* name : {"area", "area's difference"}) table.columns.emplace_back(name);
  }
  const std::size_t seeds = seeds_of(comparison);
  for (const VariantSummary& variant : comparison.variants) {
    const auto& accuracy = variant.matching_test_accuracy;
    auto& row = table.rows.emplace_back();
    row = {variant.name, matching_text(variant.matching),
           accuracy ? interval_text(*accuracy, 100, "%.2f", seeds) : kNone,
           accuracy ? format("%.2f", *variant.matching_relative_flops) : kNone};
    if (!curve) continue;
    const CellText difference = difference_cell(variant.area_against_base);
    row.push_back(variant.area ? interval_text(*variant.area, 100, "%.2f", seeds) : kNone);
    if (difference.marked) table.marked.emplace(table.rows.size() - 1, row.size());
    row.push_back(difference.text);
  }
  return table;
}

TextTable front_table(const Comparison& comparison) {
  TextTable table{"Pareto front: networks that none beats in both accuracy and training FLOPs",
                  {"variant", "density", "FLOPs", "over dense", "test accuracy"},
                  {},
                  1,
                  "front"};
  for (const FrontPoint& point : comparison.front) {
    const DensityResult& result = *comparison.densities[point.density].results[point.variant];
    table.rows.push_back({comparison.variants[point.variant].name, density_cell(result.density),
                          format("%.3g", result.flops), format("%.2f", result.relative_flops),
                          format("%6.2f %%", 100 * result.test_accuracy.statistics.mean)});
  }
  return table;
}

std::string ground_text(const Comparison& comparison) {
  const auto& ground = comparison.ground;
  const bool flops = ground.at("budget") == "flops";
  return (flops ? "an equal budget of FLOPs: " : "an equal budget of steps: ") + ground.at("model") + " on " +
         ground.at("data") + ", " + ground.at("steps") + " steps of " + ground.at("batch") +
         (flops ? " images where dense, and elsewhere as many as cost the same" : " images a level");
}

std::vector<const Difference*> tested_differences(const Comparison& comparison) {
  std::vector<const Difference*> tested;
  for (const ComparedDensity& row : comparison.densities) {
    for (const auto& result : row.results) {
      if (result && result->against_base && !result->against_base->same)
        tested.push_back(&*result->against_base);
    }
  }
  return tested;
}

// Returns how the differences from the base were tested.
std::string tests_note(const Comparison& comparison) {
  const std::vector<const Difference*> tested = tested_differences(comparison);
  const auto count = [&](const auto& holds) { return std::ranges::count_if(tested, holds); };
  const auto paired = count([](const Difference* one) { return one->test.second_size == 0; });
  const auto of_family = count(&Difference::is_significant);
  const auto of_all = count([](const Difference* one) { return one->corrected_p_of_all < kSignificance; });
  return format(
             "Of %zu differences from '%s' %td are paired: the same seeds saw the same order of images. "
             "The others are of Welch's test. ",
             tested.size(), comparison.variants.front().name.c_str(), paired) +
         format(
             "p is corrected by Holm over a variant's densities; * marks p < %g: %td, and %td if all were "
             "one family. g is Hedges' effect size.",
             kSignificance, of_family, of_all);
}

bool is_still_improving(const Comparison& comparison) {
  return std::ranges::any_of(comparison.densities, [](const ComparedDensity& row) {
    return std::ranges::any_of(row.results,
                               [](const auto& result) { return result && result->still_improving > 0.5; });
  });
}

// Returns when a level is called matching.
std::string matching_note(const Comparison& comparison) {
  const auto& [criterion, margin] = static_cast<const MatchingOptions&>(comparison.options);
  if (criterion == Criterion::one_deviation)
    return "A level is matching if its mean test accuracy is at least the dense network's less one standard "
           "deviation (Chen et al. 2020), which is no test.";
  const bool on_validation = comparison.variants.front().matching.on_validation;
  return format(
      "Levels are matching, from dense to sparse, until the first whose %s accuracy is not shown to "
      "be less than %.2f points below the dense network's (one-sided t test, p < %g).",
      on_validation ? "validation" : "test", 100 * margin, kSignificance);
}

}  // namespace

std::vector<std::string> comparison_notes(const Comparison& comparison) {
  const std::size_t seeds = seeds_of(comparison);
  std::vector<std::string> notes;
  if (!comparison.differing.empty()) {
    notes.push_back(
        "These runs differ in more than how they prune, so that differences are not the pruning's alone: " +
        join(comparison.differing, "; ") + ".");
  }
  notes.push_back("Held against '" + comparison.variants.front().name + "', at " + ground_text(comparison) +
                  ".");
  if (seeds == 1) {
    notes.emplace_back(
        "One seed: no intervals and no tests; whether a difference is more than chance, only more "
        "replicates can tell.");
  } else {
    notes.push_back(format("Means of %zu seeds (or as many as in parentheses) with 95 %% intervals by "
                           "Student's t. ",
                           seeds) +
                    tests_note(comparison));
    notes.push_back(matching_note(comparison));
  }
  if (seeds == 2)
    notes.emplace_back("Two seeds show no more than the largest differences: give five or more to tell.");
  if (is_still_improving(comparison)) {
    notes.emplace_back(
        "+: most of these networks had their least validation loss at their last validation. They were still "
        "improving, and with more steps they might rank otherwise.");
  }
  return notes;
}

std::vector<TextTable> comparison_tables(const Comparison& comparison) {
  const std::size_t seeds = seeds_of(comparison);
  const std::string base = comparison.variants.front().name,
                    margin = format("%.2f", 100 * comparison.options.margin);
  const std::string findings = "equivalent: within " + margin +
                               " points (TOST); not worse: not that far below; both as far as all denser "
                               "networks of the variant are";
  return {by_density(comparison, "accuracy", "Test accuracy after training, %", 0,
                     [&](const DensityResult& result) { return CellText{accuracy_text(result, seeds)}; }),
          by_density(comparison, "difference",
                     "Difference of test accuracy from '" + base +
                         "', points ± half width of its 95 % interval; " + findings,
                     1, [](const DensityResult& result) { return difference_cell(result.against_base); }),
          pairs_table(comparison, "Difference of test accuracy of two variants, points; " + findings),
          by_density(comparison, "dense",
                     "Difference from the variant's own dense network, points; " + findings, 0, dense_cell),
          by_density(comparison, "early-stop", "Early-stop step", 0,
                     [&](const DensityResult& result) {
                       return CellText{result.early_stop_step
                                           ? interval_text(*result.early_stop_step, 1, "%.0f", seeds)
                                           : kNone};
                     }),
          by_density(
              comparison, "cost",
              "Cost: FLOPs by surviving weights, of all trainings that it takes to obtain a network, over "
              "those of training the dense network, " +
                  format("%.3g", comparison.dense_flops) + " of '" + base + "'",
              0, [](const DensityResult& result) { return CellText{format("%.3f", result.relative_flops)}; }),
          summary_table(comparison),
          front_table(comparison)};
}

std::vector<std::string> comparison_table_names() {
  return {"accuracy", "difference", "pairs",  "dense",  "early-stop",  "cost",
          "summary",  "front",      "tuning", "images", "calibration", "classes"};
}

}  // namespace ltlab::app
