#include "comparison_json.h"

#include <algorithm>
#include <cmath>

#include "json_output.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const Interval& interval) {
  return {interval.low, interval.high};
}

// Spread is null for a single value, which has none.
ordered_json to_json(const Estimate& estimate) {
  const SampleStatistics& s = estimate.statistics;
  ordered_json values;
  for (const auto& [seed, value] : estimate.sample) values[std::to_string(seed)] = value.value;
  return {{"mean", s.mean},
          {"standard_deviation", json_if(s.size > 1, s.deviation)},
          {"student_interval_95", json_if(s.size > 1, to_json(estimate.interval))},
          {"values_by_seed", values}};
}

ordered_json to_json(const std::optional<Difference>& difference) {
  if (!difference) return nullptr;
  const MeanTest& test = difference->test;
  return {{"mean_difference", test.estimate},
          {"student_interval_95", to_json(test.interval())},
          {"test", test.second_size == 0 ? "paired t" : "Welch"},
          {"n", test.size},
          {"degrees_of_freedom", test.degrees_of_freedom},
          {"t", test.t()},
          {"p_uncorrected", test.p()},
          {"p_holm", difference->corrected_p},
          {"p_holm_of_all", difference->corrected_p_of_all},
          {"signed_rank_p", difference->signed_rank_p},
          {"hedges_g", difference->hedges_g},
          {"not_worse_p", difference->not_worse_p},
          {"equivalent_p", difference->equivalent_p}};
}

ordered_json to_json(const LevelMatch& match) {
  ordered_json json = {{"level", match.level},
                       {"density", match.density},
                       {"difference", nullptr},
                       {"matches", match.matches}};
  if (match.difference) json["difference"] = match.difference->estimate;
  return json;
}

ordered_json to_json(const Matching& matching) {
  ordered_json json = {
      {"criterion", criterion_names().name(matching.criterion)},
      {"judged_by", matching.on_validation ? "validation accuracy" : "test accuracy"},
      {"sparsest_density", nullptr},
      {"ended_first", matching.ended_first},
      {"levels", json_array(matching.levels, [](const LevelMatch& match) { return to_json(match); })}};
  if (matching.sparsest) json["sparsest_density"] = matching.levels[*matching.sparsest].density;
  return json;
}

ordered_json if_known(const std::optional<Estimate>& estimate) {
  return estimate ? to_json(*estimate) : ordered_json();
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
          {"early_stop_test_accuracy", if_known(result.early_stop_test_accuracy)},
          {"early_stop_step", if_known(result.early_stop_step)},
          {"validation_accuracy", if_known(result.validation_accuracy)},
          {"still_improving", result.still_improving},
          {"flops", result.flops},
          {"relative_flops", result.relative_flops},
          {"on_pareto_front", front},
          {"against_base", to_json(result.against_base)},
          {"against_dense", to_json(result.against_dense)}};
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
    row[name + "_low_95"] = from["student_interval_95"][0];
    row[name + "_high_95"] = from["student_interval_95"][1];
  };
  result["seeds"] = result["test_accuracy"]["values_by_seed"].size();
  take(result, {"level", "density", "compared_at_density", "seeds"});
  for (const std::string name : {"test_accuracy", "early_stop_test_accuracy", "early_stop_step"}) {
    row[name + "_mean"] = result[name]["mean"];
    row[name + "_standard_deviation"] = result[name]["standard_deviation"];
    take_interval(result[name], name);
  }
  take(result, {"still_improving", "flops", "relative_flops", "on_pareto_front"});
  for (const std::string name : {"base", "dense"}) {
    ordered_json& difference = result["against_" + name];
    row["difference_from_" + name] = difference["mean_difference"];
    take_interval(difference, "difference_from_" + name);
    for (const char* figure : {"test", "t", "p_uncorrected", "p_holm", "p_holm_of_all", "signed_rank_p",
                               "hedges_g", "not_worse_p", "equivalent_p"})
      row[name + "_" + figure] = difference[figure];
  }
  return row;
}

// Returns a field of CSV, empty where the figure is undefined.
std::string field(const ordered_json& figure) {
  if (figure.is_string()) return figure.get<std::string>();
  if (figure.is_boolean()) return figure.get<bool>() ? "1" : "0";
  const bool undefined = figure.is_null() || (figure.is_number_float() && std::isnan(figure.get<double>()));
  return undefined ? "" : figure.dump();
}

}  // namespace

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
    const auto& accuracy = variant.matching_test_accuracy;
    variants.push_back({{"name", variant.name},
                        {"matching", to_json(variant.matching)},
                        {"matching_test_accuracy", if_known(accuracy)},
                        {"matching_relative_flops", variant.matching_relative_flops},
                        {"area_under_curve", if_known(variant.area)},
                        {"area_against_base", to_json(variant.area_against_base)},
                        {"results", results_json(comparison, v)}});
  }
  return {{"base", comparison.variants.front().name},
          {"budget", comparison.ground.at("budget")},
          {"common_settings", comparison.ground},
          {"dense_flops", comparison.dense_flops},
          {"differing_settings", comparison.differing},
          {"margin", comparison.options.margin},
          {"density_tolerance", comparison.options.density_tolerance},
          {"area_densities",
           json_array(comparison.grid, [&](std::size_t d) { return comparison.densities[d].density; })},
          {"variants", variants},
          {"pairs", json_array(comparison.pairs, [&](const ComparedPair& pair) {
             return ordered_json{{"a", comparison.variants[pair.a].name},
                                 {"b", comparison.variants[pair.b].name},
                                 {"density", comparison.densities[pair.density].density},
                                 {"difference", to_json(std::optional(pair.difference))}};
           })}};
}

}  // namespace ltlab::app
