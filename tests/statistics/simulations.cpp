// Simulates experiments of which the truth is known, and counts what ltlab concludes from them. Prints a
// table: what was simulated, the share that was counted with its standard error, and what that share should
// be. Exit status 1 where one differs from what it should be by more than five standard errors.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "ltlab/analysis/alpha_spending.h"
#include "ltlab/analysis/matching_levels.h"
#include "ltlab/analysis/mean_test.h"
#include "ltlab/analysis/power.h"
#include "ltlab/analysis/resamples.h"
#include "ltlab/analysis/statistics.h"
#include "ltlab/base/random.h"
#include "ltlab/study/verdicts.h"

namespace ltlab {
namespace {

constexpr double kMean = 0.98, kDeviation = 0.002;  // of accuracies, as LeNet's on MNIST

// What a share should be: this value, or at most this.
struct Target {
  enum class Kind { none, equal, at_most } kind = Kind::none;
  double value = 0;
};

Target equals(double value) {
  return {Target::Kind::equal, value};
}
Target at_most(double value) {
  return {Target::Kind::at_most, value};
}

class Simulations {
 public:
  explicit Simulations(unsigned samples) : samples_(samples) {}

  // Counts the experiments, each with random numbers of its own, in which `happens` holds.
  void count(const std::string& what, Target target, const std::function<bool(RandomStream&)>& happens) {
    unsigned times = 0;
    for (unsigned i = 0; i < samples_; ++i) {
      RandomStream random({i, what});
      times += happens(random) ? 1 : 0;
    }
    const double share = times / static_cast<double>(samples_);
    const double expected = target.kind == Target::Kind::none ? share : target.value;
    const double error = std::sqrt(expected * (1 - expected) / samples_);
    const double beyond = target.kind == Target::Kind::equal ? std::abs(share - expected) : share - expected;
    const bool wrong = target.kind != Target::Kind::none && beyond > 5 * error + 1e-12;
    wrong_ += wrong ? 1 : 0;
    std::printf("%-94s %6.2f %% ± %.2f", what.c_str(), 100 * share, 100 * error);
    if (target.kind != Target::Kind::none)
      std::printf("  %s%.1f %%", target.kind == Target::Kind::at_most ? "at most " : "", 100 * target.value);
    std::printf("%s\n", wrong ? "  WRONG" : "");
  }

  static void title(const char* text) { std::printf("\n%s\n", text); }
  bool right() const { return wrong_ == 0; }

 private:
  unsigned samples_;
  unsigned wrong_ = 0;
};

std::vector<double> draw(std::size_t seeds, RandomStream& random, double mean = kMean,
                         double deviation = kDeviation) {
  std::vector<double> values(seeds);
  for (double& value : values) value = mean + deviation * random.normal();
  return values;
}

// ----------------------------------------------------------------------------------------------------
// intervals

bool holds_mean(const Interval& interval) {
  return interval.low <= kMean && kMean <= interval.high;
}

// The bootstrap's percentiles, which ltlab printed before.
Interval percentile_interval(const std::vector<double>& values) {
  std::vector<double> means;
  for_each_resample(values.size(), [&](std::span<const std::size_t> members, std::uint64_t times) {
    means.insert(means.end(), times, mean_of(resampled(values, members), std::identity()));
  });
  std::ranges::sort(means);
  const auto at = [&](double fraction) {
    return means[static_cast<std::size_t>(fraction * static_cast<double>(means.size() - 1))];
  };
  return {at(0.025), at(0.975)};
}

void simulate_intervals(Simulations& to) {
  Simulations::title("The 95 % interval of a mean holds it");
  for (const std::size_t seeds : {3, 5}) {
    const std::string of = std::to_string(seeds) + " seeds, ";
    to.count(of + "percentile bootstrap (before)", {},
             [&](RandomStream& random) { return holds_mean(percentile_interval(draw(seeds, random))); });
    to.count(of + "Student's t (now)", equals(0.95),
             [&](RandomStream& random) { return holds_mean(student_interval(draw(seeds, random))); });
  }
}

// ----------------------------------------------------------------------------------------------------
// matching

// A variant of levels that are this much less accurate than the dense network, in deviations.
Variant variant_of(const std::string& name, const std::vector<double>& less, std::size_t seeds,
                   RandomStream& random, double dense_deviation = kDeviation) {
  Variant variant{name, {}};
  for (unsigned level = 0; level <= less.size(); ++level) {
    const double mean = level == 0 ? kMean : kMean - kDeviation * less[level - 1];
    const double deviation = level == 0 ? dense_deviation : kDeviation;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      VariantNetwork& network = variant.levels[level][seed];
      network.density = std::pow(0.5, level);
      network.validation_accuracy = mean + deviation * random.normal();
      network.test_accuracy = mean + deviation * random.normal();
      network.order = std::to_string(seed);
    }
  }
  return variant;
}

// A margin of so many deviations.
MatchingOptions by(Criterion criterion, double deviations = 2) {
  return {criterion, deviations * kDeviation};
}

void simulate_matching(Simulations& to) {
  const MatchingOptions before = by(Criterion::one_deviation), now = by(Criterion::not_worse);
  const auto matches = [](const MatchingOptions& options, double less, std::size_t seeds, double dense = 1) {
    return [=](RandomStream& random) {
      return find_matching(variant_of("base", {less}, seeds, random, dense * kDeviation), options)
          .sparsest.has_value();
    };
  };
  Simulations::title("A level is called matching: within one deviation (before), or not worse by two (now)");
  for (const std::size_t seeds : {2, 5}) {
    const std::string of = std::to_string(seeds) + " seeds, ";
    to.count(of + "equal to the dense network, before", {}, matches(before, 0, seeds));
    to.count(of + "1.5 deviations worse, before", {}, matches(before, 1.5, seeds));
    to.count(of + "1.5 deviations worse, noisy dense network, before", {}, matches(before, 1.5, seeds, 3));
    to.count(of + "equal to the dense network, now", {}, matches(now, 0, seeds));
    to.count(of + "2 deviations worse, now", equals(0.05), matches(now, 2, seeds));
    to.count(of + "2 deviations worse, noisy dense network, now", equals(0.05), matches(now, 2, seeds, 3));
  }
  Simulations::title("Any of ten levels is called matching, which are all two deviations worse");
  const auto any_of_ten = [](const MatchingOptions& options) {
    return [=](RandomStream& random) {
      const std::vector<double> ten(10, 2);
      return find_matching(variant_of("base", ten, 5, random), options).sparsest.has_value();
    };
  };
  to.count("5 seeds, past levels that failed (before)", {}, any_of_ten(before));
  to.count("5 seeds, until the first that fails (now)", at_most(0.05), any_of_ten(now));
}

// ----------------------------------------------------------------------------------------------------
// verdicts of a study

bool any_is(Decision decision, const std::vector<ClaimVerdict>& verdicts) {
  return std::ranges::any_of(verdicts,
                             [&](const ClaimVerdict& verdict) { return verdict.decision == decision; });
}

// Counts the studies of base and `other`, whose levels are this much less accurate, of which `counts` holds.
void count_verdicts(Simulations& to, const std::string& what, Target target,
                    const std::vector<std::string>& sentences, const std::vector<double>& less,
                    std::size_t seeds, Decision decision) {
  std::vector<Claim> claims;
  VerdictOptions options;
  for (const std::string& sentence : sentences) {
    claims.push_back(parse_claim("claim-" + std::to_string(claims.size()), sentence));
    options.families["all"].push_back(claims.back().name);
  }
  to.count(what, target, [&](RandomStream& random) {
    StudyVariants variants;
    for (const auto& [name, levels] :
         {std::pair{"base", std::vector<double>(less.size())}, std::pair{"other", less}})
      variants.emplace(name, variant_of(name, levels, seeds, random));
    return any_is(decision, evaluate(claims, variants, options));
  });
}

std::string above_at(const std::string& densities) {
  return "test-accuracy of base at " + densities + " above other";
}

void simulate_verdicts(Simulations& to) {
  using enum Decision;
  const std::string as_good = "test-accuracy of other at 0.5 as good as base within ";
  Simulations::title("A claim is supported or refuted by five seeds that is not so");
  count_verdicts(to, "above: supported, where both are equal", equals(0.025), {above_at("0.5")}, {0}, 5,
                 supported);
  count_verdicts(to, "above: refuted, where both are equal", equals(0.025), {above_at("0.5")}, {0}, 5,
                 refuted);
  count_verdicts(to, "as good within 0.4 points: supported, where it is 0.4 points worse", equals(0.05),
                 {as_good + "0.4 points"}, {2}, 5, supported);
  count_verdicts(to, "as good within 2 sd: supported, where it is two deviations worse", {},
                 {as_good + "2 sd"}, {2}, 5, supported);
  count_verdicts(to, "above at five densities: supported, where they are equal at the last", at_most(0.025),
                 {above_at("0.5,0.25,0.125,0.0625,0.03125")}, {9, 9, 9, 9, 0}, 5, supported);
  count_verdicts(to, "a family of three: any supported, where all are equal", at_most(0.025),
                 {above_at("0.5"), above_at("0.25"), above_at("0.125")}, {0, 0, 0}, 5, supported);
  Simulations::title("A claim is supported that is so");
  for (const std::size_t seeds : {3, 5, 8}) {
    const double deviation = std::sqrt(2) * kDeviation;  // of differences
    const PlannedTest plan{.alternative = Alternative::above, .pairing = Pairing::paired, .alpha = 0.025};
    const double effect = smallest_effect(plan, deviation, seeds, 0.8);
    count_verdicts(
        to, std::to_string(seeds) + " seeds, above, by the effect that `ltlab power` says they show in 80 %",
        equals(0.8), {above_at("0.5")}, {effect / kDeviation}, seeds, supported);
  }
}

void simulate_looks(Simulations& to) {
  Simulations::title("A claim of a mean is supported or refuted at any look, where it is 0");
  const std::vector<std::size_t> looks = {3, 5, 8};
  const auto any_below = [&](const std::vector<double>& levels) {
    return [&looks, levels](RandomStream& random) {
      const std::vector<double> values = draw(looks.back(), random, 0);
      for (std::size_t look = 0; look < looks.size(); ++look) {
        if (test_mean(std::span(values).first(looks[look])).p() < levels[look]) return true;
      }
      return false;
    };
  };
  to.count("looks at 3, 5 and 8 seeds, each at 5 %", {}, any_below({0.05, 0.05, 0.05}));
  // The bounds are those of normal values; t tests of few err a little more often, as alpha_spending.h says.
  to.count(
      "looks = 3,5,8 (alpha spending)", at_most(0.06),
      any_below(nominal_levels(std::vector<double>{3 / 8.0, 5 / 8.0, 1}, 0.05, Spending::obrien_fleming)));
}

}  // namespace
}  // namespace ltlab

int main(int count, char** words) {
  if (count != 2 || std::atoi(words[1]) < 1) {
    std::fputs("usage: ltlab_simulations EXPERIMENTS\n", stderr);
    return 2;
  }
  std::printf("%-94s %9s %17s\n", "simulated", "share", "should be");
  ltlab::Simulations simulations(static_cast<unsigned>(std::atoi(words[1])));
  simulate_intervals(simulations);
  simulate_matching(simulations);
  simulate_verdicts(simulations);
  simulate_looks(simulations);
  return simulations.right() ? 0 : 1;
}
