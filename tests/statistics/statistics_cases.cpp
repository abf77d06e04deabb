// Reads cases as an array of JSON from the standard input, each with the name of a statistic and its
// arguments, and prints what the library makes of each. statistics_cases.py draws them; what is not finite is
// null.
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ltlab/analysis/alpha_spending.h"
#include "ltlab/analysis/families.h"
#include "ltlab/analysis/mean_test.h"
#include "ltlab/analysis/power.h"
#include "ltlab/analysis/prediction_tests.h"
#include "ltlab/analysis/ratio.h"
#include "ltlab/analysis/signed_rank.h"
#include "ltlab/analysis/variance_components.h"

namespace {

using nlohmann::json;
using namespace ltlab;

using Values = std::vector<double>;
using Classes = std::vector<std::uint8_t>;

Pairing pairing(const json& text) {
  return text["paired"].get<bool>() ? Pairing::paired : Pairing::independent;
}

json to_json(const Interval& interval) {
  return {interval.low, interval.high};
}

json mean_test(const json& c) {
  const double null = c["null"];
  const MeanTest test = test_difference(c["a"].get<Values>(), c["b"].get<Values>(), pairing(c));
  const Interval interval = test.interval(c["level"]);
  return {test.t(null), test.p(null), test.p_above(null), test.p_below(null), interval.low, interval.high};
}

json ratio(const json& c) {
  return to_json(ratio_interval(c["a"].get<Values>(), c["b"].get<Values>(), pairing(c), c["level"]));
}

json power_of(const json& c) {
  const std::map<std::string, Alternative> claims = {{"different", Alternative::different},
                                                     {"above", Alternative::above},
                                                     {"not_worse", Alternative::not_worse},
                                                     {"equivalent", Alternative::equivalent}};
  const PlannedTest test{claims.at(c["claim"]), pairing(c), c["alpha"], c["margin"]};
  return {power(test, c["effect"], c["deviation"], c["seeds"])};
}

json sequential(const json& c) {
  return nominal_levels(c["information"].get<Values>(), c["alpha"],
                        c["pocock"].get<bool>() ? Spending::pocock : Spending::obrien_fleming);
}

json predictions(const json& c) {
  const auto labels = c["labels"].get<Classes>();
  const Predictions a{c["a"].get<Classes>(), c["probabilities"].get<std::vector<float>>()};
  const auto b = c["b"].get<Classes>();
  return {disagreement(a.classes, b), test_mcnemar(labels, a.classes, b).p, calibration_error(labels, a),
          brier_score(labels, a)};
}

json components(const json& c) {
  json estimates = json::array();
  for (const VarianceComponent& each :
       variance_components(c["values"].get<Values>(), c["levels"].get<std::vector<std::size_t>>()))
    estimates.push_back(each.estimate);
  return estimates;
}

const std::map<std::string, std::function<json(const json&)>> kStatistics = {
    {"mean_test", mean_test},
    {"ratio", ratio},
    {"signed_rank", [](const json& c) { return json{signed_rank_p(c["values"].get<Values>())}; }},
    {"holm", [](const json& c) { return json(holm_corrected(c["p"].get<Values>())); }},
    {"power", power_of},
    {"sequential", sequential},
    {"predictions", predictions},
    {"components", components}};

}  // namespace

int main() {
  try {
    json results = json::array();
    for (const json& each : json::parse(std::cin)) results.push_back(kStatistics.at(each["statistic"])(each));
    std::puts(results.dump().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
