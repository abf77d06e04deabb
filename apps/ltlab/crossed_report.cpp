#include "crossed_report.h"

#include <cmath>
#include <filesystem>
#include <map>

#include "format.h"
#include "json_output.h"
#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/samples.h"
#include "ltlab/base/error.h"
#include "ltlab/base/join.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

bool is_seed(const std::string& option) {
  return option == "seed-init" || option == "seed-order" || option == "seed-mask" || option == "seed-split";
}

// Returns "seed-init", or "seed-init x seed-order" of an interaction; the last one holds the noise, too.
std::string factors_text(const ComparisonFile& file, const VarianceComponent& component) {
  const std::string text =
      join(component.factors, " x ", [&](std::size_t factor) { return file.grid[factor].first; });
  return component.factors.size() == file.grid.size() ? text + ", and noise" : text;
}

std::vector<std::size_t> levels_of(const ComparisonFile& file) {
  std::vector<std::size_t> levels;
  for (const auto& [option, values] : file.grid) levels.push_back(values.size());
  return levels;
}

// Returns a standard deviation in points.
std::string points(double variance) {
  return format("%.2f", 100 * std::sqrt(std::max(0.0, variance)));
}

}  // namespace

void require_crossed_seeds(const ComparisonFile& file) {
  for (const auto& [option, values] : file.grid) {
    if (!is_seed(option))
      throw ConfigError(
          "'grid." + option +
          "': `ltlab compare` crosses seeds alone (seed-init, seed-order, "
          "seed-mask, seed-split); `ltlab study` varies any option, and evaluates its claims at each "
          "choice");
  }
  if (file.grid.size() < 2)
    throw ConfigError("a crossed design varies two to four seeds: add another line grid.seed-...");
  if (!file.specifications.front().tunings.empty())
    throw ConfigError("a crossed design tunes nothing: leave out the lines tune.OPTION");
  for (const auto& [name, config] : file.searches()) {
    if (config.replicates != 1)
      throw ConfigError("a crossed design has one replicate of each combination: give replicates = 1");
  }
}

std::vector<CrossedResult> crossed_results(const ComparisonFile& file, const std::string& out) {
  // By variant and level: the accuracy, and the density, of each combination in order.
  std::map<std::string, std::map<unsigned, std::vector<VariantNetwork>>> networks;
  std::vector<std::string> order;
  for (const Specification& specification : file.specifications) {
    for (const auto& [name, config] : specification.searches) {
      const fs::path folder = search_folder(specification, out, name);
      for (const Variant& variant : variants_of(read_recorded_run(folder, name))) {
        if (!networks.contains(variant.name)) order.push_back(variant.name);
        for (const auto& [level, of_seed] : variant.levels)
          networks[variant.name][level].push_back(of_seed.begin()->second);
      }
    }
  }
  std::vector<CrossedResult> results;
  for (const std::string& name : order) {
    for (const auto& [level, cells] : networks.at(name)) {
      std::vector<double> accuracies;
      for (const VariantNetwork& cell : cells) accuracies.push_back(cell.test_accuracy);
      results.push_back({name, mean_of(cells, &VariantNetwork::density), describe(accuracies).mean,
                         variance_components(accuracies, levels_of(file))});
    }
  }
  return results;
}

TextTable crossed_table(const ComparisonFile& file, const std::vector<CrossedResult>& results) {
  TextTable table{
      "Test accuracy, and what each seed adds to its spread: standard deviation in points, with the 95 % "
      "interval, "
      "and share of the variance",
      {"variant", "density", "mean %"},
      {},
      2};
  for (const VarianceComponent& component : results.front().components)
    table.columns.emplace_back(factors_text(file, component));
  for (const CrossedResult& result : results) {
    auto& row = table.rows.emplace_back();
    row = {result.variant, density_text(result.density), format("%.2f", 100 * result.mean)};
    for (const VarianceComponent& component : result.components)
      row.push_back(points(component.estimate) + " [" + points(component.interval.low) + ", " +
                    points(component.interval.high) + "]  " +
                    (std::isnan(component.share) ? "-" : format("%.0f %%", 100 * component.share)));
  }
  return table;
}

ordered_json crossed_json(const ComparisonFile& file, const std::vector<CrossedResult>& results) {
  return {{"crossed", json_array(file.grid,
                                 [](const auto& option) {
                                   return ordered_json{{"option", option.first}, {"values", option.second}};
                                 })},
          {"results", json_array(results, [&](const CrossedResult& result) {
             return ordered_json{
                 {"variant", result.variant},
                 {"density", result.density},
                 {"mean_test_accuracy", result.mean},
                 {"components", json_array(result.components, [&](const VarianceComponent& component) {
                    return ordered_json{{"factors", factors_text(file, component)},
                                        {"degrees_of_freedom", component.degrees_of_freedom},
                                        {"variance", component.estimate},
                                        {"share", component.share},
                                        {"interval_95", {component.interval.low, component.interval.high}}};
                  })}};
           })}};
}

}  // namespace ltlab::app
