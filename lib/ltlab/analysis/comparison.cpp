#include "ltlab/analysis/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "ltlab/analysis/accuracy_curve.h"
#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/settings.h"

namespace ltlab {
namespace {

using Values = std::map<std::uint64_t, double>;
using Networks = std::map<std::uint64_t, VariantNetwork>;

Estimate estimate(Values values) {
  std::vector<double> sample;
  sample.reserve(values.size());
  for (const auto& [seed, value] : values) sample.push_back(value);
  return {std::move(values), describe(sample), bootstrap_interval(sample)};
}

Estimate estimate(const Networks& networks, double VariantNetwork::*figure) {
  Values values;
  for (const auto& [seed, network] : networks) values[seed] = network.*figure;
  return estimate(std::move(values));
}

double mean(const Networks& networks, double VariantNetwork::*figure) {
  return mean_of(networks, [&](const auto& of_seed) { return of_seed.second.*figure; });
}

// Returns the differences of values of the same seed.
std::vector<double> differences_by_seed(const Values& values, const Values& of) {
  std::vector<double> differences;
  for (const auto& [seed, value] : values) {
    const auto pair = of.find(seed);
    if (pair != of.end()) differences.push_back(value - pair->second);
  }
  return differences;
}

std::optional<CorrectedTest> test_against(const Estimate& base, const Estimate& estimate) {
  const std::vector<double> differences = differences_by_seed(estimate.values, base.values);
  if (differences.size() < 2) return std::nullopt;
  return CorrectedTest{test_differences(differences), 0};
}

std::optional<CorrectedEquivalence> test_equivalence_with(const Estimate& other, const Estimate& estimate,
                                                          double margin) {
  const std::vector<double> differences = differences_by_seed(estimate.values, other.values);
  if (differences.size() < 2) return std::nullopt;
  return CorrectedEquivalence{test_equivalence(differences, margin), describe(differences).mean, 0, 0};
}

// Corrects one p-value of all the tests together.
template <class Test, class P>
void correct(const std::vector<std::optional<Test>*>& tests, const P& p, double Test::*corrected_p) {
  std::vector<Test*> made;
  std::vector<double> p_values;
  for (std::optional<Test>* test : tests) {
    if (!*test) continue;
    made.push_back(&**test);
    p_values.push_back(std::invoke(p, **test));
  }
  const std::vector<double> corrected = holm_corrected(p_values);
  for (std::size_t i = 0; i < made.size(); ++i) made[i]->*corrected_p = corrected[i];
}

DensityResult describe_level(unsigned level, const Networks& networks) {
  DensityResult result;
  result.level = level;
  result.density = mean(networks, &VariantNetwork::density);
  result.test_accuracy = estimate(networks, &VariantNetwork::test_accuracy);
  result.early_stop_test_accuracy = estimate(networks, &VariantNetwork::early_stop_test_accuracy);
  result.early_stop_step = estimate(networks, &VariantNetwork::early_stop_step);
  result.flops = mean(networks, &VariantNetwork::flops);
  result.relative_flops = mean(networks, &VariantNetwork::relative_flops);
  return result;
}

bool passes_for(double density, double other, double tolerance) {
  return std::abs(density - other) <= tolerance * std::max(density, other);
}

// Returns the density nearest to `density` that counts as equal, among those where variant number `variant`
// has no result yet; otherwise a new one.
ComparedDensity& partner(std::vector<ComparedDensity>& densities, std::size_t variant, double density,
                         double tolerance) {
  ComparedDensity* nearest = nullptr;
  const auto distance = [&](const ComparedDensity& other) { return std::abs(other.density - density); };
  for (ComparedDensity& other : densities) {
    if (other.results[variant] || !passes_for(density, other.density, tolerance)) continue;
    if (!nearest || distance(other) < distance(*nearest)) nearest = &other;
  }
  return nearest ? *nearest : densities.emplace_back(ComparedDensity{density, {}});
}

std::vector<ComparedDensity> by_density(const std::vector<Variant>& variants, double tolerance) {
  std::vector<ComparedDensity> densities;
  for (std::size_t v = 0; v < variants.size(); ++v) {
    for (const auto& [level, networks] : variants[v].levels) {
      DensityResult result = describe_level(level, networks);
      ComparedDensity& row = partner(densities, v, result.density, tolerance);
      row.results.resize(variants.size());
      row.results[v] = std::move(result);
    }
  }
  std::ranges::sort(densities, std::greater(), &ComparedDensity::density);
  return densities;
}

// Keeps only the requested densities, and the dense networks.
void keep_asked(std::vector<ComparedDensity>& densities, const ComparisonOptions& options) {
  if (options.densities.empty()) return;
  std::set<double> kept{densities.front().density};
  for (const double asked : options.densities) {
    const auto found = std::ranges::find_if(densities, [&](const ComparedDensity& row) {
      return passes_for(row.density, asked, options.density_tolerance);
    });
    if (found == densities.end())
      throw ConfigError("--densities: none of the runs has a network of density " + std::to_string(asked));
    kept.insert(found->density);
  }
  std::erase_if(densities, [&](const ComparedDensity& row) { return !kept.contains(row.density); });
}

void test_densities(Comparison& comparison) {
  const double margin = comparison.options.margin;
  const std::vector<std::optional<DensityResult>>& dense = comparison.densities.front().results;
  std::vector<std::optional<CorrectedTest>*> against_base;
  std::vector<std::optional<CorrectedEquivalence>*> with_base, with_dense;
  for (ComparedDensity& row : comparison.densities) {
    const std::optional<DensityResult>& base = row.results.front();
    for (std::size_t v = 0; v < row.results.size(); ++v) {
      std::optional<DensityResult>& result = row.results[v];
      if (!result) continue;
      const Estimate& accuracy = result->test_accuracy;
      if (v > 0 && base) {
        result->against_base = test_against(base->test_accuracy, accuracy);
        const bool same = result->against_base && std::isnan(result->against_base->p);
        if (!same) result->with_base = test_equivalence_with(base->test_accuracy, accuracy, margin);
      }
      if (result->level > 0)
        result->with_dense = test_equivalence_with(dense[v]->test_accuracy, accuracy, margin);
      against_base.push_back(&result->against_base);
      with_base.push_back(&result->with_base);
      with_dense.push_back(&result->with_dense);
    }
  }
  correct(against_base, &CorrectedTest::p, &CorrectedTest::corrected_p);
  for (const auto& tests : {with_base, with_dense}) {
    correct(tests, &CorrectedEquivalence::p, &CorrectedEquivalence::corrected_p);
    correct(tests, &CorrectedEquivalence::p_not_below, &CorrectedEquivalence::corrected_p_not_below);
  }
}

// Returns the mean test accuracy with which a network matches the dense one, as in judge().
double required_accuracy(const DensityResult& dense) {
  const SampleStatistics& accuracy = dense.test_accuracy.statistics;
  return accuracy.mean - accuracy.deviation;
}

// Returns the index of the sparsest pruned result of the variant for which `holds`.
template <class Condition>
std::optional<std::size_t> sparsest(const Comparison& comparison, std::size_t variant,
                                    const Condition& holds) {
  for (std::size_t d = comparison.densities.size(); d-- > 0;) {
    const std::optional<DensityResult>& result = comparison.densities[d].results[variant];
    if (result && result->level > 0 && holds(*result)) return d;
  }
  return std::nullopt;
}

// Estimates the area over the seeds that reach the density; none where no seed does.
std::optional<Estimate> estimate_area(const Variant& variant, double down_to, double tolerance) {
  std::map<std::uint64_t, std::vector<CurvePoint>> curves;
  for (const auto& [level, networks] : variant.levels) {
    for (const auto& [seed, network] : networks)
      curves[seed].push_back({network.density, network.test_accuracy});
  }
  Values areas;
  for (const auto& [seed, curve] : curves) {
    const bool reaches = curve.back().density <= down_to * (1 + tolerance);
    if (reaches && curve.front().density > down_to) areas[seed] = area_under_curve(curve, down_to);
  }
  return areas.empty() ? std::nullopt : std::optional(estimate(std::move(areas)));
}

double sparsest_common(const std::vector<Variant>& variants) {
  double common = 0;
  for (const Variant& variant : variants) {
    double least = 1;
    for (const auto& [level, networks] : variant.levels)
      least = std::min(least, mean(networks, &VariantNetwork::density));
    common = std::max(common, least);
  }
  return common;
}

VariantSummary summarize(const Comparison& comparison, std::size_t v, const Variant& variant) {
  VariantSummary summary;
  summary.name = variant.name;
  summary.required_accuracy = required_accuracy(*comparison.densities.front().results[v]);
  summary.sparsest_matching = sparsest(comparison, v, [&](const DensityResult& result) {
    return result.test_accuracy.statistics.mean >= summary.required_accuracy;
  });
  summary.sparsest_equivalent = sparsest(comparison, v, [](const DensityResult& result) {
    return result.with_dense && result.with_dense->corrected_p < kSignificance;
  });
  summary.sparsest_not_worse = sparsest(comparison, v, [](const DensityResult& result) {
    return result.with_dense && result.with_dense->corrected_p_not_below < kSignificance;
  });
  summary.area = estimate_area(variant, comparison.sparsest_common, comparison.options.density_tolerance);
  return summary;
}

void test_areas(std::vector<VariantSummary>& variants) {
  std::vector<std::optional<CorrectedTest>*> tests;
  const std::optional<Estimate>& base = variants.front().area;
  for (std::size_t v = 1; v < variants.size(); ++v) {
    if (base && variants[v].area) variants[v].area_against_base = test_against(*base, *variants[v].area);
    tests.push_back(&variants[v].area_against_base);
  }
  correct(tests, &CorrectedTest::p, &CorrectedTest::corrected_p);
}

std::vector<FrontPoint> front_of(const std::vector<ComparedDensity>& densities) {
  std::vector<FrontPoint> places;
  std::vector<CostPoint> points;
  for (std::size_t d = 0; d < densities.size(); ++d) {
    for (std::size_t v = 0; v < densities[d].results.size(); ++v) {
      const std::optional<DensityResult>& result = densities[d].results[v];
      if (!result) continue;
      places.push_back({v, d});
      points.push_back({result->flops, result->test_accuracy.statistics.mean});
    }
  }
  std::vector<FrontPoint> front;
  for (const std::size_t point : pareto_front(points)) front.push_back(places[point]);
  return front;
}

std::string budget_of(const RecordedRun& run) {
  return setting(run.config, "budget").value_or("steps");
}

// Returns "50000", or "10000 to 50000" where levels are trained for different numbers of steps. It uses the
// counted steps, since the config may hold epochs; where FLOPs are the budget, the dense network's.
std::string steps_text(const RecordedRun& run) {
  const bool all = budget_of(run) == "steps";
  std::set<std::uint64_t> steps;
  for (const RecordedTraining& training : run.trainings) {
    const bool counts = all || training.summary.level == 0;
    if (training.branch == "ticket" && counts) steps.insert(training.summary.steps);
  }
  const std::string least = std::to_string(*steps.begin());
  return steps.size() == 1 ? least : least + " to " + std::to_string(*steps.rbegin());
}

// Returns the settings that ought to agree, by name. Records say more than the config: the steps that were
// counted, the data that a fingerprint identifies.
std::map<std::string, std::string> common_ground(const RecordedRun& run) {
  std::map<std::string, std::string> ground{
      {"model", run.model},
      {"data", run.dataset + " (fingerprint " + run.dataset_fingerprint.substr(0, 12) + ")"},
      {"budget", budget_of(run)},
      {"steps", steps_text(run)}};
  for (const Setting& each : settings()) {
    if (each.same_when_compared && each.name != "level-steps")  // which count among the steps
      ground.emplace(each.name, setting(run.config, each.name).value_or("(default)"));
  }
  return ground;
}

void require_agreement(const std::vector<RecordedRun>& runs, const std::vector<std::string>& differing) {
  if (differing.empty()) return;
  throw ConfigError(
      "these runs differ in more than how they prune:\n  " + join(differing, "\n  ") +
      "\nso that a difference of accuracy would not be the pruning's: name runs that agree with '" +
      runs.front().name + "', or compare them all the same by --allow-different");
}

std::vector<Variant> all_variants(const std::vector<RecordedRun>& runs) {
  std::vector<Variant> variants;
  std::set<std::string> names;
  for (const RecordedRun& run : runs) {
    for (Variant& variant : variants_of(run)) {
      if (!names.insert(variant.name).second) {
        throw ConfigError("two of the runs are called '" + variant.name +
                          "': give them names of their own, as NAME=RUN");
      }
      variants.push_back(std::move(variant));
    }
  }
  if (variants.size() > 1) return variants;
  throw ConfigError("there is nothing to compare '" + variants.front().name +
                    "' with: name another run, or one that has controls");
}

}  // namespace

std::vector<std::string> disagreements(const std::vector<RecordedRun>& runs) {
  std::vector<std::string> lines;
  const std::map<std::string, std::string> base = common_ground(runs.front());
  for (const RecordedRun& run : runs) {
    for (const auto& [name, value] : common_ground(run)) {
      if (value == base.at(name)) continue;
      lines.push_back(name + ": " + base.at(name) + " in '" + runs.front().name + "', " + value + " in '" +
                      run.name + "'");
    }
  }
  return lines;
}

Comparison compare(const std::vector<RecordedRun>& runs, const ComparisonOptions& options) {
  Comparison comparison;
  comparison.options = options;
  const std::vector<Variant> variants = all_variants(runs);
  comparison.ground = common_ground(runs.front());
  comparison.differing = disagreements(runs);
  if (!options.allow_different) require_agreement(runs, comparison.differing);
  comparison.densities = by_density(variants, options.density_tolerance);
  keep_asked(comparison.densities, options);
  test_densities(comparison);
  comparison.sparsest_common = sparsest_common(variants);
  for (std::size_t v = 0; v < variants.size(); ++v)
    comparison.variants.push_back(summarize(comparison, v, variants[v]));
  test_areas(comparison.variants);
  comparison.front = front_of(comparison.densities);
  return comparison;
}

}  // namespace ltlab
