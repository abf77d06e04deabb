#include "ltlab/study/verdicts.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "ltlab/analysis/families.h"
#include "ltlab/analysis/power.h"
#include "ltlab/analysis/ratio.h"
#include "ltlab/analysis/samples.h"
#include "ltlab/base/error.h"
#include "ltlab/base/join.h"
#include "ltlab/config/values.h"

namespace ltlab {
namespace {

constexpr double kPower = 0.8;  // with which the smallest effect would have been shown

// The test of an effect against a number.
using TestAgainst = std::function<MeanTest(double)>;

const Variant& find_variant(const StudyVariants& variants, const std::string& name) {
  if (const auto found = variants.find(name); found != variants.end()) return found->second;
  std::vector<std::string> names;
  names.reserve(variants.size());
  for (const auto& [known, variant] : variants) names.push_back(known);
  throw unknown_name("variant", name, names);
}

double share_improving(const Networks& networks) {
  return mean_of_networks(networks, &VariantNetwork::still_improving);
}

// ----------------------------------------------------------------------------------------------------
// effects

// An effect, and how it is tested.
struct Measured {
  double estimate = 0;
  Interval interval;
  std::size_t size = 0;
  bool paired = false;
  double deviation_of_other = 0;
  double unit = 1;  // of a test's contrast, in that of the effect
  double still_improving = 0;
  TestAgainst against;  // of estimate - number, or of a contrast of that sign
};

Measured measured(const MeanTest& test) {
  Measured result;
  result.estimate = test.estimate;
  result.interval = test.interval();
  result.size = test.size;
  result.against = [test](double number) {
    MeanTest shifted = test;
    shifted.estimate -= number;
    return shifted;
  };
  return result;
}

Measured measure_ratio(const Sample& a, const Sample& b) {
  const std::optional<Pairs> pairs = pairs_of(a, b);
  const std::vector<double> of = pairs ? pairs->a : values_of(a), to = pairs ? pairs->b : values_of(b);
  const Pairing pairing = pairs ? Pairing::paired : Pairing::independent;
  Measured result;
  result.estimate = describe(of).mean / describe(to).mean;
  result.interval = ratio_interval(of, to, pairing);
  result.size = std::min(of.size(), to.size());
  result.unit = 1 / describe(to).mean;
  result.against = [=](double ratio) { return test_ratio(of, to, pairing, ratio); };
  return result;
}

Measured measure_difference(const Sample& a, const Sample& b) {
  return measured(*test_difference(a, b));
}

// Returns the slope of y over x by least squares.
double slope(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean_x = describe(x).mean, mean_y = describe(y).mean;
  double xy = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
  }
  return xy / xx;
}

// Returns each seed's slope of the figure between two densities: each time the density is halved, or, of an
// exponent, of its logarithm over that of density.
Measured measure_course(const Claim& claim, const Variant& variant) {
  const auto figure = row_of(kFigures, claim.figure).member;
  const double from = claim.of.densities[0] * (1 + kDensityTolerance),
               to = claim.of.densities[1] * (1 - kDensityTolerance);
  std::map<std::uint64_t, std::pair<std::vector<double>, std::vector<double>>> courses;
  double improving = 0;
  for (const auto& [level, networks] : variant.levels) {
    const double density = mean_of_networks(networks, &VariantNetwork::density);
    if (density <= from && density >= to) improving = std::max(improving, share_improving(networks));
    for (const auto& [seed, network] : networks) {
      if (network.density > from || network.density < to) continue;
      auto& [x, y] = courses[seed];
      const bool logarithm = claim.effect == Effect::exponent;
      x.push_back(logarithm ? std::log(network.density) : -std::log2(network.density));
      y.push_back(logarithm ? std::log(network.*figure) : network.*figure);
    }
  }
  std::vector<double> slopes;
  for (const auto& [seed, course] : courses) {
    if (course.first.size() > 1) slopes.push_back(slope(course.first, course.second));
  }
  if (slopes.size() < 2)
    throw ConfigError("'" + variant.name + "' has fewer than two seeds with two densities between " +
                      to_text(claim.of.densities[0]) + " and " + to_text(claim.of.densities[1]));
  Measured effect = measured(test_mean(slopes));
  effect.still_improving = improving;
  return effect;
}

// Returns a side's networks, of which a test needs two or more.
const Networks& networks_at(const std::string& name, double density, const StudyVariants& variants) {
  const Variant& variant = find_variant(variants, name);
  const Networks& networks = variant.levels.at(level_of(variant, density));
  if (networks.size() < 2) throw ConfigError("'" + name + "' has one seed, and a test needs two or more");
  return networks;
}

// ----------------------------------------------------------------------------------------------------
// tests of a claim

double two_sided(double p) {
  return std::min(1.0, 2 * p);
}

// Fills in how an effect supports or refutes what a claim says of it.
void test_relation(const Claim& claim, const Measured& effect, ClaimTest& test) {
  const auto above = [&](double number) { return effect.against(number).p_above(); };
  const auto below = [&](double number) { return effect.against(number).p_below(); };
  const double number = claim.value, width = test.width;
  const bool higher = row_of(kFigures, claim.figure).higher_is_better;
  switch (claim.relation) {
    case Relation::above:
      test.p_supported = two_sided(above(number));
      test.p_refuted = two_sided(below(number));
      break;
    case Relation::below:
      test.p_supported = two_sided(below(number));
      test.p_refuted = two_sided(above(number));
      break;
    case Relation::within:
      test.p_supported = std::max(above(number - width), below(number + width));
      test.p_refuted = two_sided(std::min(below(number - width), above(number + width)));
      break;
    case Relation::not_worse:
      test.p_supported = higher ? above(-width) : below(width);
      test.p_refuted = two_sided(higher ? below(-width) : above(width));
      break;
  }
}

// Returns the effect that as many values, as scattered as these, would show with power kPower.
double smallest_shown(const ClaimTest& test, Pairing pairing, double alpha) {
  if (test.deviation == 0) return 0;
  return smallest_effect({.pairing = pairing, .alpha = alpha}, test.deviation, test.size, kPower);
}

ClaimTest test_effect(const Claim& claim, const Measured& effect, double density, double alpha) {
  ClaimTest test;
  test.density = density;
  test.estimate = effect.estimate;
  test.interval = effect.interval;
  test.size = effect.size;
  test.paired = effect.paired;
  test.still_improving = effect.still_improving;
  test.width = claim.width * (claim.width_in_deviations ? effect.deviation_of_other : 1);
  const MeanTest at_number = effect.against(claim.value);
  const auto size = static_cast<double>(at_number.size), second = static_cast<double>(at_number.second_size);
  const double seeds =
      second > 0 ? 1 / (1 / size + 1 / second) : size;  // of two samples: half their mean size
  test.beyond = at_number.estimate;
  test.unit = effect.unit;
  test.deviation = at_number.standard_error * std::sqrt(seeds);
  test.smallest_effect =
      effect.unit * smallest_shown(test, second > 0 ? Pairing::independent : Pairing::paired, alpha);
  test_relation(claim, effect, test);
  return test;
}

Measured measure_at(const Claim& claim, const std::string& variant, std::size_t i,
                    const StudyVariants& variants) {
  const auto figure = row_of(kFigures, claim.figure).member;
  const Networks& networks = networks_at(variant, claim.of.densities[i], variants);
  const Sample of = sample_of(networks, figure);
  Measured effect;
  if (!claim.to) {
    effect = measured(test_mean(values_of(of)));
    effect.still_improving = share_improving(networks);
    return effect;
  }
  const Networks& others = networks_at(claim.to->variant, claim.to->densities[i], variants);
  const Sample to = sample_of(others, figure);
  effect = claim.effect == Effect::ratio ? measure_ratio(of, to) : measure_difference(of, to);
  effect.still_improving = std::max(share_improving(networks), share_improving(others));
  effect.paired = pairs_of(of, to).has_value();
  effect.deviation_of_other = describe(values_of(to)).deviation;
  return effect;
}

// Returns whether the claim's test tells the variant that it should: it is not called as good or equal, and
// it differs significantly.
bool tells_unlike(const Claim& claim, std::size_t i, const StudyVariants& variants,
                  const VerdictOptions& options) {
  const Measured effect = measure_at(claim, *claim.unlike, i, variants);
  const ClaimTest test = test_effect(claim, effect, claim.of.densities[i], options.alpha);
  return test.p_supported >= options.alpha && effect.against(0).p() < options.alpha;
}

std::vector<ClaimTest> test_claim(const Claim& claim, const StudyVariants& variants,
                                  const VerdictOptions& options) {
  if (claim.effect == Effect::trend || claim.effect == Effect::exponent) {
    const Measured effect = measure_course(claim, find_variant(variants, claim.of.variant));
    return {test_effect(claim, effect, claim.of.densities.back(), options.alpha)};
  }
  std::vector<ClaimTest> tests;
  tests.reserve(claim.of.densities.size());
  for (std::size_t i = 0; i < claim.of.densities.size(); ++i) {
    const Measured effect = measure_at(claim, claim.of.variant, i, variants);
    tests.push_back(test_effect(claim, effect, claim.of.densities[i], options.alpha));
    if (claim.unlike) tests.back().tells_unlike = tells_unlike(claim, i, variants, options);
  }
  return tests;
}

// ----------------------------------------------------------------------------------------------------
// decisions

// A claim holds if it does at all its densities, tested in order; it is refuted where any refutes it.
ClaimVerdict whole(const Claim& claim, std::vector<ClaimTest> tests) {
  ClaimVerdict verdict;
  verdict.claim = claim;
  verdict.tests = std::move(tests);
  std::vector<double> supported, refuted;
  for (const ClaimTest& test : verdict.tests) {
    supported.push_back(test.p_supported);
    refuted.push_back(test.p_refuted);
  }
  verdict.p_supported = std::ranges::max(supported);
  verdict.p_refuted = std::ranges::min(holm_corrected(refuted));
  return verdict;
}

// Corrects both p-values over each family of claims.
void correct_families(std::vector<ClaimVerdict>& verdicts, const VerdictOptions& options) {
  for (ClaimVerdict& verdict : verdicts) {
    verdict.corrected_p_supported = verdict.p_supported;
    verdict.corrected_p_refuted = verdict.p_refuted;
  }
  for (const auto& [name, members] : options.families) {
    std::vector<ClaimVerdict*> of_family;
    std::vector<double> supported, refuted;
    for (ClaimVerdict& verdict : verdicts) {
      if (std::ranges::count(members, verdict.claim.name) == 0) continue;
      of_family.push_back(&verdict);
      supported.push_back(verdict.p_supported);
      refuted.push_back(verdict.p_refuted);
    }
    const std::vector<double> p_supported = holm_corrected(supported), p_refuted = holm_corrected(refuted);
    for (std::size_t i = 0; i < of_family.size(); ++i) {
      of_family[i]->corrected_p_supported = p_supported[i];
      of_family[i]->corrected_p_refuted = p_refuted[i];
    }
  }
}

// Counts the tests that support the claim before the first that does not.
std::size_t count_supported(const ClaimVerdict& verdict, double alpha) {
  const auto fails = [&](const ClaimTest& test) { return !(test.p_supported < alpha); };
  return static_cast<std::size_t>(std::ranges::find_if(verdict.tests, fails) - verdict.tests.begin());
}

void decide(ClaimVerdict& verdict, double alpha) {
  verdict.supported = count_supported(verdict, alpha);
  verdict.blind = std::ranges::any_of(
      verdict.tests, [](const ClaimTest& test) { return test.tells_unlike && !*test.tells_unlike; });
  if (verdict.p_supported < alpha && verdict.blind) {
    verdict.reason = "the same test does not tell " + *verdict.claim.unlike + " from " +
                     verdict.claim.to->variant + " either: the experiment is not sensitive enough";
  } else if (verdict.corrected_p_supported < alpha) {
    verdict.decision = Decision::supported;
  } else if (verdict.corrected_p_refuted < alpha) {
    verdict.decision = Decision::refuted;
  } else if (verdict.p_supported < alpha) {
    verdict.reason = "it is supported by itself, but not after the correction over its family";
  } else if (verdict.supported > 0 && verdict.supported < verdict.tests.size()) {
    verdict.reason = "it is supported at the first " + std::to_string(verdict.supported) + " of " +
                     std::to_string(verdict.tests.size()) + " densities alone";
  }
}

Agreement agreement_with(const QuotedNumber& quoted, const ClaimVerdict& verdict) {
  const ClaimTest& test = verdict.tests.front();
  const double none = verdict.claim.effect == Effect::ratio ? 1 : 0;
  Agreement agreement{quoted};
  agreement.holds_number = test.interval.low <= quoted.value && quoted.value <= test.interval.high;
  const bool above = test.interval.low > none, below = test.interval.high < none;
  if (above || below)
    agreement.direction = above == (quoted.value > none) ? Decision::supported : Decision::refuted;
  return agreement;
}

}  // namespace

std::size_t count_supported_as_one_family(const std::vector<ClaimVerdict>& verdicts, double alpha) {
  std::vector<double> p;
  p.reserve(verdicts.size());
  for (const ClaimVerdict& verdict : verdicts) p.push_back(verdict.blind ? 1 : verdict.p_supported);
  return static_cast<std::size_t>(
      std::ranges::count_if(holm_corrected(p), [&](double one) { return one < alpha; }));
}

unsigned level_of(const Variant& variant, double density) {
  std::vector<double> there;
  std::optional<unsigned> nearest;
  double distance = kDensityTolerance;
  for (const auto& [level, networks] : variant.levels) {
    const double other = mean_of_networks(networks, &VariantNetwork::density);
    there.push_back(other);
    const double apart = density_distance(other, density);
    if (apart > distance) continue;
    distance = apart;
    nearest = level;
  }
  if (nearest) return *nearest;
  throw ConfigError("'" + variant.name + "' has no networks of density " + to_text(density) + ", but of " +
                    join(there, ", ", [](double one) { return to_text(std::round(one * 1e4) / 1e4); }));
}

std::vector<ClaimVerdict> evaluate(const std::vector<Claim>& claims, const StudyVariants& variants,
                                   const VerdictOptions& options) {
  std::vector<ClaimVerdict> verdicts;
  verdicts.reserve(claims.size());
  for (const Claim& claim : claims) {
    try {
      verdicts.push_back(whole(claim, test_claim(claim, variants, options)));
    } catch (const ConfigError& error) {
      throw ConfigError("claim '" + claim.name + "': " + error.what());
    }
  }
  correct_families(verdicts, options);
  for (ClaimVerdict& verdict : verdicts) {
    decide(verdict, options.alpha);
    if (const auto quoted = options.quotes.find(verdict.claim.name); quoted != options.quotes.end())
      verdict.agreement = agreement_with(quoted->second, verdict);
  }
  return verdicts;
}

}  // namespace ltlab
