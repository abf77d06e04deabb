#include "comparison_report.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "format.h"
#include "json_output.h"
#include "ltlab/base/join.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

const char* const kNone = "-";

// Returns a density, aligned with others in a column.
std::string density_cell(double density) {
  return format("%8s", density_text(density).c_str());
}

std::string p_value(double p) {
  if (std::isnan(p)) return kNone;
  return p < 0.001 ? "<0.001" : format("%.3f", p);
}

std::string number(double value, const char* pattern) {
  return std::isnan(value) ? kNone : format(pattern, value);
}

// Returns how many seeds the figures of most results have.
std::size_t seeds_of(const Comparison& comparison) {
  return comparison.densities.front().results.front()->test_accuracy.values.size();
}

// Returns "97.40 [97.02, 97.75]", with the number of values where it differs from elsewhere; only the mean
// for one value.
std::string interval_text(const Estimate& estimate, double scale, const char* pattern, std::size_t seeds) {
  std::string text = format(pattern, scale * estimate.statistics.mean);
  if (estimate.values.size() > 1) {
    text += " [" + format(pattern, scale * estimate.interval.low) + ", " +
            format(pattern, scale * estimate.interval.high) + "]";
  }
  return estimate.values.size() == seeds ? text : text + format(" (%zu)", estimate.values.size());
}

// Returns "same" where all values are the base's: those of one network.
std::string difference_text(const CorrectedTest& test) {
  if (std::isnan(test.p)) return "same";
  return format("%+.2f", 100 * test.mean_difference) + "  p " + p_value(test.corrected_p) + "  g " +
         number(test.hedges_g, "%+.1f");
}

// Returns what a test of equivalence shows; empty where it shows nothing.
std::string finding(const CorrectedEquivalence& test) {
  if (test.corrected_p < kSignificance) return "  equivalent";
  return test.corrected_p_not_below < kSignificance ? "  not worse" : "";
}

std::string base_text(const DensityResult& result) {
  if (!result.against_base) return kNone;
  return difference_text(*result.against_base) + (result.with_base ? finding(*result.with_base) : "");
}

std::string dense_text(const DensityResult& result) {
  if (!result.with_dense) return kNone;
  const CorrectedEquivalence& test = *result.with_dense;
  return format("%+.2f", 100 * test.mean_difference) + "  p " + p_value(test.corrected_p) + finding(test);
}

using CellText = std::function<std::string(const DensityResult&)>;

TextTable transposed(const TextTable& table, const std::string& corner) {
  TextTable result{table.caption, {corner}, {}};
  for (const auto& row : table.rows) result.columns.emplace_back(row.front());
  for (std::size_t column = 1; column < table.columns.size(); ++column) {
    auto& row = result.rows.emplace_back(1, table.columns[column].name);
    for (const auto& other : table.rows) row.push_back(other[column]);
  }
  return result;
}

// Returns one row per density and one column per variant from number `first` on, without empty rows; with
// more variants than densities, one row per variant.
TextTable by_density(const Comparison& comparison, const std::string& caption, std::size_t first,
                     const CellText& text) {
  TextTable table{caption, {" density"}, {}};
  for (std::size_t v = first; v < comparison.variants.size(); ++v)
    table.columns.emplace_back(comparison.variants[v].name);
  for (const ComparedDensity& density : comparison.densities) {
    std::vector<std::string> row{density_cell(density.density)};
    bool tells = false;
    for (std::size_t v = first; v < comparison.variants.size(); ++v) {
      row.push_back(density.results[v] ? text(*density.results[v]) : kNone);
      tells = tells || row.back() != kNone;
    }
    if (tells) table.rows.push_back(row);
  }
  const bool wide = table.columns.size() > table.rows.size() + 1 && !table.rows.empty();
  return wide ? transposed(table, "variant") : table;
}

std::string at_density(const Comparison& comparison, std::size_t variant,
                       const std::optional<std::size_t>& row) {
  if (!row) return kNone;
  return density_text(comparison.densities[*row].results[variant]->density);
}

TextTable summary_table(const Comparison& comparison) {
  TextTable table{"Each variant as a whole; the area is mean accuracy in % over log density, down to " +
                      density_text(comparison.sparsest_common),
                  {"variant", "required %", "sparsest matching", "its cost", "sparsest equivalent",
                   "sparsest not worse", "area", "area's difference"},
                  {}};
  const std::size_t seeds = seeds_of(comparison);
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    const VariantSummary& variant = comparison.variants[v];
    const auto& matching = variant.sparsest_matching;
    table.rows.push_back(
        {variant.name, format("%.2f", 100 * variant.required_accuracy), at_density(comparison, v, matching),
         matching ? format("%.2f", comparison.densities[*matching].results[v]->relative_flops) : kNone,
         at_density(comparison, v, variant.sparsest_equivalent),
         at_density(comparison, v, variant.sparsest_not_worse),
         variant.area ? interval_text(*variant.area, 100, "%.2f", seeds) : kNone,
         variant.area_against_base ? difference_text(*variant.area_against_base) : kNone});
  }
  return table;
}

TextTable front_table(const Comparison& comparison) {
  TextTable table{"Pareto front: networks that none beats in both accuracy and training FLOPs",
                  {"variant", "density", "FLOPs", "over dense", "test accuracy"},
                  {}};
  for (const FrontPoint& point : comparison.front) {
    const DensityResult& result = *comparison.densities[point.density].results[point.variant];
    table.rows.push_back({comparison.variants[point.variant].name, density_cell(result.density),
                          format("%.3g", result.flops), format("%.2f", result.relative_flops),
                          format("%6.2f %%", 100 * result.test_accuracy.statistics.mean)});
  }
  return table;
}

ordered_json to_json(const Interval& interval) {
  return {interval.low, interval.high};
}

// Spread is null for a single value, which has none.
ordered_json to_json(const Estimate& estimate) {
  const SampleStatistics& s = estimate.statistics;
  ordered_json values;
  for (const auto& [seed, value] : estimate.values) values[std::to_string(seed)] = value;
  return {{"mean", s.mean},
          {"standard_deviation", json_if(s.size > 1, s.deviation)},
          {"bootstrap_interval_95", json_if(s.size > 1, to_json(estimate.interval))},
          {"student_half_width_95", json_if(s.size > 1, s.half_width)},
          {"values_by_seed", values}};
}

ordered_json to_json(const std::optional<CorrectedTest>& test) {
  if (!test) return nullptr;
  return {{"pairs", test->pairs},
          {"mean_difference", test->mean_difference},
          {"bootstrap_interval_95", to_json(test->interval)},
          {"t", test->t},
          {"p_uncorrected", test->p},
          {"p_holm", test->corrected_p},
          {"signed_rank_p", test->signed_rank_p},
          {"cohen_d", test->cohen_d},
          {"hedges_g", test->hedges_g}};
}

ordered_json to_json(const std::optional<CorrectedEquivalence>& test) {
  if (!test) return nullptr;
  return {{"mean_difference", test->mean_difference},
          {"p_not_below", test->p_not_below},
          {"p_not_above", test->p_not_above},
          {"p_uncorrected", test->p()},
          {"p_holm", test->corrected_p},
          {"p_not_below_holm", test->corrected_p_not_below}};
}

bool on_front(const Comparison& comparison, std::size_t variant, std::size_t density) {
  return std::ranges::any_of(comparison.front, [&](const FrontPoint& point) {
    return point.variant == variant && point.density == density;
  });
}

ordered_json to_json(const DensityResult& result, bool front) {
  return {{"level", result.level},
          {"density", result.density},
          {"test_accuracy", to_json(result.test_accuracy)},
          {"early_stop_test_accuracy", to_json(result.early_stop_test_accuracy)},
          {"early_stop_step", to_json(result.early_stop_step)},
          {"flops", result.flops},
          {"relative_flops", result.relative_flops},
          {"on_pareto_front", front},
          {"against_base", to_json(result.against_base)},
          {"equivalence_with_base", to_json(result.with_base)},
          {"with_dense", to_json(result.with_dense)}};
}

ordered_json results_json(const Comparison& comparison, std::size_t variant) {
  ordered_json results = ordered_json::array();
  for (std::size_t d = 0; d < comparison.densities.size(); ++d) {
    const auto& result = comparison.densities[d].results[variant];
    if (!result) continue;
    results.push_back(to_json(*result, on_front(comparison, variant, d)));
    results.back()["compared_at_density"] = comparison.densities[d].density;
  }
  return results;
}

// Returns a result's figures by the names that CSV has for them. Those of a test that was not made are null.
ordered_json csv_row(const std::string& variant, ordered_json result) {
  ordered_json row = {{"variant", variant}};
  const auto take = [&row](ordered_json& from, std::initializer_list<const char*> names) {
    for (const char* name : names) row[name] = from[name];
  };
  const auto take_interval = [&row](ordered_json& from, const std::string& name) {
    row[name + "_low_95"] = from["bootstrap_interval_95"][0];
    row[name + "_high_95"] = from["bootstrap_interval_95"][1];
  };
  result["seeds"] = result["test_accuracy"]["values_by_seed"].size();
  take(result, {"level", "density", "compared_at_density", "seeds"});
  for (const std::string name : {"test_accuracy", "early_stop_test_accuracy", "early_stop_step"}) {
    row[name + "_mean"] = result[name]["mean"];
    row[name + "_standard_deviation"] = result[name]["standard_deviation"];
    take_interval(result[name], name);
  }
  take(result, {"flops", "relative_flops", "on_pareto_front"});
  ordered_json &base = result["against_base"], &dense = result["with_dense"];
  row["difference_from_base"] = base["mean_difference"];
  take_interval(base, "difference");
  take(base, {"t", "p_uncorrected", "p_holm", "signed_rank_p", "cohen_d", "hedges_g"});
  const auto take_equivalence = [&row](ordered_json& from, const std::string& prefix) {
    row[prefix + "equivalence_p_uncorrected"] = from["p_uncorrected"];
    row[prefix + "equivalence_p_holm"] = from["p_holm"];
    row[prefix + "not_worse_p_holm"] = from["p_not_below_holm"];
  };
  take_equivalence(result["equivalence_with_base"], "base_");
  row["difference_from_dense"] = dense["mean_difference"];
  take_equivalence(dense, "");
  return row;
}

// Returns a field of CSV, empty where the figure is undefined.
std::string field(const ordered_json& figure) {
  if (figure.is_string()) return figure.get<std::string>();
  if (figure.is_boolean()) return figure.get<bool>() ? "1" : "0";
  const bool undefined = figure.is_null() || (figure.is_number_float() && std::isnan(figure.get<double>()));
  return undefined ? "" : figure.dump();
}

std::string ground_text(const Comparison& comparison) {
  const auto& ground = comparison.ground;
  const bool flops = ground.at("budget") == "flops";
  return (flops ? "an equal budget of FLOPs: " : "an equal budget of steps: ") + ground.at("model") + " on " +
         ground.at("data") + ", " + ground.at("steps") + " steps of " + ground.at("batch") +
         (flops ? " images where dense, and elsewhere as many as cost the same" : " images a level");
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
    return notes;
  }
  notes.push_back(
      format("Means of %zu seeds (or as many as in parentheses) with 95 %% intervals by the bootstrap. "
             "Differences are paired by seed; p is of the paired t test, corrected by Holm for all of its "
             "kind; g is Hedges' effect size.",
             seeds));
  return notes;
}

std::vector<TextTable> comparison_tables(const Comparison& comparison) {
  const std::size_t seeds = seeds_of(comparison);
  const std::string base = comparison.variants.front().name,
                    margin = format("%.2f", 100 * comparison.options.margin);
  const double dense_flops = comparison.densities.front().results.front()->flops;
  return {
      by_density(comparison, "Test accuracy after training, %", 0,
                 [&](const DensityResult& result) {
                   return interval_text(result.test_accuracy, 100, "%.2f", seeds);
                 }),
      by_density(comparison,
                 "Difference of test accuracy from '" + base + "', points; equivalent: within " + margin +
                     " points (TOST); not worse: not that far below",
                 1, base_text),
      by_density(comparison,
                 "Difference from the variant's own dense network, points; p of equivalence within " +
                     margin + " points (TOST); not worse: by the lower of its two tests alone",
                 0, dense_text),
      by_density(comparison, "Early-stop step", 0,
                 [&](const DensityResult& result) {
                   return interval_text(result.early_stop_step, 1, "%.0f", seeds);
                 }),
      by_density(comparison,
                 "Cost: FLOPs of all trainings that it takes to obtain a network, over those of the dense "
                 "network's, " +
                     format("%.3g", dense_flops) + " of '" + base + "'",
                 0, [](const DensityResult& result) { return format("%.3f", result.relative_flops); }),
      summary_table(comparison),
      front_table(comparison)};
}

TextTable comparison_rows(const Comparison& comparison) {
  TextTable table;
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    for (const ordered_json& result : results_json(comparison, v)) {
      const ordered_json row = csv_row(comparison.variants[v].name, result);
      table.columns.clear();
      for (const auto& [name, figure] : row.items()) table.columns.emplace_back(name);
      table.rows.emplace_back();
      for (const ordered_json& figure : row) table.rows.back().push_back(field(figure));
    }
  }
  return table;
}

ordered_json comparison_json(const Comparison& comparison) {
  ordered_json variants = ordered_json::array();
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    const VariantSummary& variant = comparison.variants[v];
    const auto density_of = [&](const std::optional<std::size_t>& row) {
      return row ? std::optional(comparison.densities[*row].results[v]->density) : std::nullopt;
    };
    variants.push_back({{"name", variant.name},
                        {"required_test_accuracy", variant.required_accuracy},
                        {"sparsest_matching_density", density_of(variant.sparsest_matching)},
                        {"sparsest_equivalent_density", density_of(variant.sparsest_equivalent)},
                        {"sparsest_not_worse_density", density_of(variant.sparsest_not_worse)},
                        {"area_under_curve", variant.area ? to_json(*variant.area) : ordered_json()},
                        {"area_against_base", to_json(variant.area_against_base)},
                        {"results", results_json(comparison, v)}});
  }
  return {{"base", comparison.variants.front().name},
          {"budget", comparison.ground.at("budget")},
          {"common_settings", comparison.ground},
          {"differing_settings", comparison.differing},
          {"margin", comparison.options.margin},
          {"density_tolerance", comparison.options.density_tolerance},
          {"area_down_to_density", comparison.sparsest_common},
          {"variants", variants}};
}

}  // namespace ltlab::app
