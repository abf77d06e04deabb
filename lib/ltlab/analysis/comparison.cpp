#include "ltlab/analysis/comparison.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include "ltlab/analysis/accuracy_curve.h"
#include "ltlab/analysis/effect_size.h"
#include "ltlab/analysis/families.h"
#include "ltlab/analysis/signed_rank.h"
#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/config/config_text.h"
#include "ltlab/config/settings.h"

namespace ltlab {
namespace {

// Returns the estimate of a figure; none where it is not known of some network, as of imports.
std::optional<Estimate> estimate_known(const Networks& networks, double VariantNetwork::*figure) {
  const auto is_unknown = [&](const auto& of_seed) { return std::isnan(of_seed.second.*figure); };
  if (std::ranges::any_of(networks, is_unknown)) return std::nullopt;
  return estimate(sample_of(networks, figure));
}

DensityResult describe_level(unsigned level, const Networks& networks) {
  const auto mean = [&](auto figure) { return mean_of_networks(networks, figure); };
  DensityResult result;
  result.level = level;
  result.density = mean(&VariantNetwork::density);
  result.test_accuracy = estimate(sample_of(networks, &VariantNetwork::test_accuracy));
  result.validation_accuracy = estimate_known(networks, &VariantNetwork::validation_accuracy);
  result.early_stop_test_accuracy = estimate_known(networks, &VariantNetwork::early_stop_test_accuracy);
  result.early_stop_step = estimate_known(networks, &VariantNetwork::early_stop_step);
  result.still_improving = mean(&VariantNetwork::still_improving);
  result.flops = mean(&VariantNetwork::flops);
  result.relative_flops = mean(&VariantNetwork::relative_flops);
  return result;
}

// Returns the density nearest to `density` that counts as equal, among those where variant number `variant`
// has no result yet; otherwise a new one.
ComparedDensity& partner(std::vector<ComparedDensity>& densities, std::size_t variant, double density,
                         double tolerance) {
  ComparedDensity* nearest = nullptr;
  const auto distance = [&](const ComparedDensity& other) { return std::abs(other.density - density); };
  for (ComparedDensity& other : densities) {
    if (other.results[variant] || density_distance(density, other.density) > tolerance) continue;
    if (!nearest || distance(other) < distance(*nearest)) nearest = &other;
  }
  return nearest ? *nearest : densities.emplace_back(ComparedDensity{density, {}});
}

// Relates a variant's costs to those of one dense training for all variants, where that is known.
void relate_costs(Variant& variant, double dense_flops) {
  for (auto& [level, networks] : variant.levels) {
    for (auto& [seed, network] : networks)
      network.relative_flops = dense_flops > 0 ? network.flops / dense_flops : 0;
  }
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
      return density_distance(row.density, asked) <= options.density_tolerance;
    });
    if (found == densities.end())
      throw ConfigError("--densities: none of the runs has a network of density " + std::to_string(asked));
    kept.insert(found->density);
  }
  std::erase_if(densities, [&](const ComparedDensity& row) { return !kept.contains(row.density); });
}

// ----------------------------------------------------------------------------------------------------
// tests

// Returns the difference of two samples, uncorrected; none where there are too few values.
std::optional<Difference> difference(const Estimate& a, const Estimate& b) {
  const std::optional<MeanTest> test = test_difference(a.sample, b.sample);
  if (!test) return std::nullopt;
  Difference result;
  result.test = *test;
  result.same = same_networks(a.sample, b.sample);
  if (const std::optional<Pairs> pairs = pairs_of(a.sample, b.sample)) {
    const std::vector<double> differences = pairs->differences();
    result.hedges_g = hedges_g(differences);
    result.signed_rank_p = signed_rank_p(differences);
  } else {
    result.hedges_g = hedges_g(values_of(a.sample), values_of(b.sample));
  }
  return result;
}

using Tests = std::vector<Difference*>;

// Adds a difference that there is to a family, unless it compares networks with themselves.
void add_to(Tests& family, std::optional<Difference>& difference) {
  if (difference && !difference->same) family.push_back(&*difference);
}

// Replaces a p-value of each test by what `corrected` makes of all of them.
template <class P, class Corrected>
void correct(const Tests& tests, const P& p, double Difference::*to, const Corrected& corrected) {
  std::vector<double> p_values;
  p_values.reserve(tests.size());
  for (const Difference* test : tests) p_values.push_back(p(test->test));
  const std::vector<double> values = corrected(p_values);
  for (std::size_t i = 0; i < tests.size(); ++i) tests[i]->*to = values[i];
}

// Corrects the tests of one family, in the order of falling density.
void correct_family(const Tests& tests, double margin) {
  correct(
      tests, [](const MeanTest& test) { return test.p(); }, &Difference::corrected_p, holm_corrected);
  correct(
      tests, [&](const MeanTest& test) { return non_inferiority_p(test, margin); }, &Difference::not_worse_p,
      fixed_sequence_corrected);
  correct(
      tests, [&](const MeanTest& test) { return equivalence_p(test, margin); }, &Difference::equivalent_p,
      fixed_sequence_corrected);
}

// Corrects families of tests, and all of them as one.
void correct_families(const std::vector<Tests>& families, double margin) {
  Tests all;
  for (const Tests& family : families) {
    correct_family(family, margin);
    all.insert(all.end(), family.begin(), family.end());
  }
  correct(
      all, [](const MeanTest& test) { return test.p(); }, &Difference::corrected_p_of_all, holm_corrected);
}

void test_densities(Comparison& comparison) {
  const std::size_t variants = comparison.variants.size();
  const std::vector<std::optional<DensityResult>>& dense = comparison.densities.front().results;
  std::vector<Tests> of_base(variants), of_dense(variants);
  for (ComparedDensity& row : comparison.densities) {
    const std::optional<DensityResult>& base = row.results.front();
    for (std::size_t v = 0; v < variants; ++v) {
      std::optional<DensityResult>& result = row.results[v];
      if (!result) continue;
      if (v > 0 && base) result->against_base = difference(result->test_accuracy, base->test_accuracy);
      add_to(of_base[v], result->against_base);
      if (result->level > 0)
        result->against_dense = difference(result->test_accuracy, dense[v]->test_accuracy);
      add_to(of_dense[v], result->against_dense);
    }
  }
  correct_families(of_base, comparison.options.margin);
  correct_families(of_dense, comparison.options.margin);
}

// Tests each variant against each after it, at each density that both have.
void test_pairs(Comparison& comparison) {
  for (std::size_t a = 0; a < comparison.variants.size(); ++a) {
    for (std::size_t b = a + 1; b < comparison.variants.size(); ++b) {
      for (std::size_t d = 0; d < comparison.densities.size(); ++d) {
        const auto& results = comparison.densities[d].results;
        if (!results[a] || !results[b]) continue;
        if (auto tested = difference(results[a]->test_accuracy, results[b]->test_accuracy))
          comparison.pairs.push_back({a, b, d, *tested});
      }
    }
  }
  std::map<std::pair<std::size_t, std::size_t>, Tests> families;
  for (ComparedPair& pair : comparison.pairs) {
    if (!pair.difference.same) families[{pair.a, pair.b}].push_back(&pair.difference);
  }
  std::vector<Tests> all;
  all.reserve(families.size());
  for (const auto& [of, tests] : families) all.push_back(tests);
  correct_families(all, comparison.options.margin);
}

// ----------------------------------------------------------------------------------------------------
// variants as a whole

// Returns the densities that all variants have, if they make a curve.
std::vector<std::size_t> common_grid(const std::vector<ComparedDensity>& densities) {
  std::vector<std::size_t> grid;
  for (std::size_t d = 0; d < densities.size(); ++d) {
    const auto has = [](const std::optional<DensityResult>& result) { return result.has_value(); };
    if (std::ranges::all_of(densities[d].results, has)) grid.push_back(d);
  }
  return grid;
}

// Estimates the area over the seeds that have the whole grid; none where no seed does. Areas are paired where
// all their networks are.
std::optional<Estimate> estimate_area(const Comparison& comparison, std::size_t variant) {
  if (comparison.grid.size() < 2) return std::nullopt;
  std::map<std::uint64_t, std::vector<CurvePoint>> curves;
  std::map<std::uint64_t, std::vector<std::string>> orders;
  for (const std::size_t d : comparison.grid) {
    const ComparedDensity& row = comparison.densities[d];
    for (const auto& [seed, value] : row.results[variant]->test_accuracy.sample) {
      curves[seed].push_back({row.density, value.value});
      orders[seed].push_back(value.order);
    }
  }
  Sample areas;
  for (const auto& [seed, curve] : curves) {
    if (curve.size() < comparison.grid.size()) continue;
    const bool known = std::ranges::none_of(orders.at(seed), &std::string::empty);
    areas[seed] = {area_under_curve(curve, curve.back().density), known ? join(orders.at(seed), " ") : ""};
  }
  return areas.empty() ? std::nullopt : std::optional(estimate(std::move(areas)));
}

VariantSummary summarize(const Variant& variant, const ComparisonOptions& options) {
  VariantSummary summary;
  summary.name = variant.name;
  summary.matching = find_matching(variant, options);
  if (summary.matching.sparsest) {
    const unsigned level = summary.matching.levels[*summary.matching.sparsest].level;
    const Networks& networks = variant.levels.at(level);
    summary.matching_relative_flops = mean_of_networks(networks, &VariantNetwork::relative_flops);
    summary.matching_test_accuracy = estimate(sample_of(networks, &VariantNetwork::test_accuracy));
  }
  return summary;
}

void test_areas(Comparison& comparison) {
  std::vector<VariantSummary>& variants = comparison.variants;
  std::vector<Tests> families(variants.size());
  for (std::size_t v = 0; v < variants.size(); ++v) {
    variants[v].area = estimate_area(comparison, v);
    const std::optional<Estimate>& base = variants.front().area;
    if (v == 0 || !base || !variants[v].area) continue;
    variants[v].area_against_base = difference(*variants[v].area, *base);
    add_to(families[v], variants[v].area_against_base);
  }
  correct_families(families, comparison.options.margin);
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
// counted steps, since the config may hold epochs; where FLOPs are the budget, the dense network's. Empty
// where a run has nothing but a dense network of its own number of steps.
std::string steps_text(const RecordedRun& run) {
  const bool pruned = budget_of(run) == "steps", dense = !setting(run.config, "dense-steps");
  std::set<std::uint64_t> steps;
  for (const RecordedTraining& training : run.trainings) {
    const bool counts = training.summary.level == 0 ? dense : pruned;
    if (training.branch == "ticket" && counts) steps.insert(training.summary.steps);
  }
  if (steps.empty()) return "";
  const std::string least = std::to_string(*steps.begin());
  return steps.size() == 1 ? least : least + " to " + std::to_string(*steps.rbegin());
}

// Returns the settings that ought to agree, by name. Records say more than the config: the steps that were
// counted, the data that a fingerprint identifies.
std::map<std::string, std::string> common_ground(const RecordedRun& run) {
  std::map<std::string, std::string> ground{
      {"model", run.model},
      {"data", run.dataset + " (fingerprint " + run.dataset_fingerprint.substr(0, 12) + ")"},
      {"budget", budget_of(run)}};
  if (const std::string steps = steps_text(run); !steps.empty()) ground.emplace("steps", steps);
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

}  // namespace

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

std::vector<std::string> disagreements(const std::vector<RecordedRun>& runs) {
  std::vector<std::string> lines;
  const std::map<std::string, std::string> base = common_ground(runs.front());
  const bool base_counts = !steps_text(runs.front()).empty();
  for (const RecordedRun& run : runs) {
    const bool both_count = base_counts && !steps_text(run).empty();
    for (const auto& [name, value] : common_ground(run)) {
      if (value == base.at(name) || (name == "steps" && !both_count)) continue;
      lines.push_back(name + ": " + base.at(name) + " in '" + runs.front().name + "', " + value + " in '" +
                      run.name + "'");
    }
  }
  return lines;
}

Comparison compare(const std::vector<RecordedRun>& runs, const ComparisonOptions& options) {
  Comparison comparison;
  comparison.options = options;
  std::vector<Variant> variants = all_variants(runs);
  comparison.dense_flops = mean_of_networks(variants.front().levels.at(0), &VariantNetwork::dense_flops);
  for (Variant& variant : variants) relate_costs(variant, comparison.dense_flops);
  comparison.ground = common_ground(runs.front());
  comparison.differing = disagreements(runs);
  if (!options.allow_different) require_agreement(runs, comparison.differing);
  comparison.densities = by_density(variants, options.density_tolerance);
  keep_asked(comparison.densities, options);
  for (const Variant& variant : variants) comparison.variants.push_back(summarize(variant, options));
  test_densities(comparison);
  if (options.pairs) test_pairs(comparison);
  comparison.grid = common_grid(comparison.densities);
  test_areas(comparison);
  comparison.front = front_of(comparison.densities);
  return comparison;
}

}  // namespace ltlab
