#include "image_report.h"

#include <algorithm>
#include <cmath>

#include "format.h"
#include "json_output.h"
#include "test_text.h"

namespace ltlab::app {
namespace {

using nlohmann::ordered_json;

std::vector<std::string> keys(const ImageResult& result, const Comparison& comparison) {
  return {comparison.variants[result.variant].name,
          density_text(comparison.densities[result.density].density)};
}

std::size_t significant(const std::vector<McNemarTest>& tests) {
  return static_cast<std::size_t>(
      std::ranges::count_if(tests, [](const McNemarTest& test) { return test.p < kSignificance; }));
}

TextTable agreement_table(const std::vector<ImageResult>& results, const Comparison& comparison) {
  TextTable table{
      "Images: the share that a network and the base's of the same seed put into different classes; seeds of "
      "which one is right more often (McNemar, p < 0.05); and the difference of accuracy in points beyond "
      "these seeds and these images, ± half width of its 95 % interval",
      {"variant", "density", "disagree", "McNemar", "difference"},
      {},
      2,
      "images"};
  for (const ImageResult& result : results) {
    if (!result.disagreement) continue;
    if (result.difference && result.difference->p() < kSignificance)
      table.marked.emplace(table.rows.size(), 4);
    auto& row = table.rows.emplace_back(keys(result, comparison));
    row.push_back(percent(*result.disagreement));
    row.push_back(format("%zu of %zu", significant(result.mcnemar), result.mcnemar.size()));
    row.push_back(result.difference ? points_text(*result.difference) : "-");
  }
  return table;
}

TextTable calibration_table(const std::vector<ImageResult>& results, const Comparison& comparison) {
  TextTable table{
      "Calibration: the expected calibration error, in points, and the Brier score of the predicted class's "
      "probability",
      {"variant", "density", "ECE", "Brier"},
      {},
      2,
      "calibration"};
  for (const ImageResult& result : results) {
    auto& row = table.rows.emplace_back(keys(result, comparison));
    row.push_back(format("%.2f", 100 * result.calibration_error));
    row.push_back(format("%.4f", result.brier_score));
  }
  return table;
}

TextTable class_table(const std::vector<ImageResult>& results, const Comparison& comparison) {
  TextTable table{"Test accuracy by class, %", {"variant", "density"}, {}, 2, "classes"};
  for (std::size_t c = 0; c < results.front().class_accuracies.size(); ++c)
    table.columns.emplace_back(std::to_string(c), Align::right);
  for (const ImageResult& result : results) {
    auto& row = table.rows.emplace_back(keys(result, comparison));
    for (const double accuracy : result.class_accuracies)
      row.push_back(std::isnan(accuracy) ? "-" : format("%.1f", 100 * accuracy));
  }
  return table;
}

}  // namespace

std::vector<TextTable> image_tables(const std::vector<ImageResult>& results, const Comparison& comparison) {
  return {agreement_table(results, comparison), calibration_table(results, comparison),
          class_table(results, comparison)};
}

ordered_json images_json(const std::vector<ImageResult>& results, const Comparison& comparison) {
  return json_array(results, [&](const ImageResult& result) {
    ordered_json json = {{"variant", comparison.variants[result.variant].name},
                         {"density", comparison.densities[result.density].density},
                         {"calibration_error", result.calibration_error},
                         {"brier_score", result.brier_score},
                         {"class_accuracies", result.class_accuracies},
                         {"disagreement_with_base", result.disagreement},
                         {"mcnemar", json_array(result.mcnemar, [](const McNemarTest& test) {
                            return ordered_json{{"only_variant_right", test.only_a_right},
                                                {"only_base_right", test.only_b_right},
                                                {"p", test.p}};
                          })}};
    if (const auto& test = result.difference) {
      const Interval interval = test->interval();
      json["difference_from_base"] = {{"mean", test->estimate},
                                      {"interval_95", {interval.low, interval.high}},
                                      {"degrees_of_freedom", test->degrees_of_freedom},
                                      {"p", test->p()}};
    }
    return json;
  });
}

}  // namespace ltlab::app
