#include "comparison_report.h"

#include <cmath>
#include <functional>

#include "format.h"
#include "ltlab/base/join.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

const char* const kNone = "-";

std::string percent(double fraction) {
  return format("%6.2f %%", 100 * fraction);
}

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
                          percent(result.test_accuracy.statistics.mean)});
  }
  return table;
}

ordered_json to_json(const Interval& interval) {
  return {interval.low, interval.high};
}

// Spread is null for a single value, which has none.
ordered_json to_json(const Estimate& estimate) {
  const SampleStatistics& s = estimate.statistics;
  const auto spread = [&](const ordered_json& value) { return s.size > 1 ? value : ordered_json(); };
  ordered_json values;
  for (const auto& [seed, value] : estimate.values) values[std::to_string(seed)] = value;
  return {{"mean", s.mean},
          {"standard_deviation", spread(s.deviation)},
          {"bootstrap_interval_95", spread(to_json(estimate.interval))},
          {"student_half_width_95", spread(s.half_width)},
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
  for (const FrontPoint& point : comparison.front) {
    if (point.variant == variant && point.density == density) return true;
  }
  return false;
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

// A row of JSON: names of columns, and their values.
class Row {
 public:
  void add(const std::string& name, const std::string& text) { fields_.emplace_back(name, text); }
  void add(const std::string& name, double value, bool defined = true) {
    add(name, defined && !std::isnan(value) ? ordered_json(value).dump() : "");
  }
  void add(const std::string& name, const Estimate& estimate) {
    const SampleStatistics& s = estimate.statistics;
    add(name + "_mean", s.mean);
    add(name + "_standard_deviation", s.deviation, s.size > 1);
    add(name + "_low_95", estimate.interval.low, s.size > 1);
    add(name + "_high_95", estimate.interval.high, s.size > 1);
  }

  std::vector<Column> columns() const {
    std::vector<Column> columns;
    for (const auto& [name, text] : fields_) columns.emplace_back(name);
    return columns;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const auto& [name, text] : fields_) texts.push_back(text);
    return texts;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

void add_tests(const DensityResult& result, Row& row) {
  const bool tested = result.against_base.has_value(), held = result.with_dense.has_value();
  const CorrectedTest test = result.against_base.value_or(CorrectedTest());
  row.add("difference_from_base", test.mean_difference, tested);
  row.add("difference_low_95", test.interval.low, tested);
  row.add("difference_high_95", test.interval.high, tested);
  row.add("t", test.t, tested);
  row.add("p_uncorrected", test.p, tested);
  row.add("p_holm", test.corrected_p, tested);
  row.add("signed_rank_p", test.signed_rank_p, tested);
  row.add("cohen_d", test.cohen_d, tested);
  row.add("hedges_g", test.hedges_g, tested);
  const CorrectedEquivalence with_base = result.with_base.value_or(CorrectedEquivalence());
  const bool other = result.with_base.has_value();
  row.add("base_equivalence_p_uncorrected", with_base.p(), other);
  row.add("base_equivalence_p_holm", with_base.corrected_p, other);
  row.add("base_not_worse_p_holm", with_base.corrected_p_not_below, other);
  const CorrectedEquivalence equivalence = result.with_dense.value_or(CorrectedEquivalence());
  row.add("difference_from_dense", equivalence.mean_difference, held);
  row.add("equivalence_p_uncorrected", equivalence.p(), held);
  row.add("equivalence_p_holm", equivalence.corrected_p, held);
  row.add("not_worse_p_holm", equivalence.corrected_p_not_below, held);
}

Row row_of(const Comparison& comparison, std::size_t variant, std::size_t density) {
  const DensityResult& result = *comparison.densities[density].results[variant];
  Row row;
  row.add("variant", comparison.variants[variant].name);
  row.add("level", std::to_string(result.level));
  row.add("density", result.density);
  row.add("compared_at_density", comparison.densities[density].density);
  row.add("seeds", std::to_string(result.test_accuracy.values.size()));
  row.add("test_accuracy", result.test_accuracy);
  row.add("early_stop_test_accuracy", result.early_stop_test_accuracy);
  row.add("early_stop_step", result.early_stop_step);
  row.add("flops", result.flops);
  row.add("relative_flops", result.relative_flops);
  row.add("on_pareto_front", on_front(comparison, variant, density) ? "1" : "0");
  add_tests(result, row);
  return row;
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
    for (std::size_t d = 0; d < comparison.densities.size(); ++d) {
      if (!comparison.densities[d].results[v]) continue;
      const Row row = row_of(comparison, v, d);
      table.columns = row.columns();
      table.rows.push_back(row.texts());
    }
  }
  return table;
}

ordered_json comparison_json(const Comparison& comparison) {
  ordered_json variants = ordered_json::array();
  for (std::size_t v = 0; v < comparison.variants.size(); ++v) {
    const VariantSummary& variant = comparison.variants[v];
    const auto density_of = [&](const std::optional<std::size_t>& row) {
      return row ? ordered_json(comparison.densities[*row].results[v]->density) : ordered_json();
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
