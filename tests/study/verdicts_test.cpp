#include "ltlab/study/verdicts.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/analysis/samples.h"
#include "ltlab/base/error.h"
#include "ltlab/base/random.h"
#include "ltlab/study/claim_power.h"

using namespace ltlab;
using Catch::Contains;

namespace {

constexpr double kDensities[] = {1, 0.5, 0.25, 0.125};

// A variant of so many seeds whose test accuracies, and early stops in thousands, have these means by level.
// Its seeds share a part of their noise with all variants, as those of the same initialization may.
Variant variant_of(const std::string& name, const std::vector<double>& means, unsigned seeds = 6,
                   double noise = 0.001, const std::string& order = "order") {
  Variant variant{name, {}};
  for (unsigned level = 0; level < means.size(); ++level) {
    for (std::uint64_t seed = 0; seed < seeds; ++seed) {
      RandomStream own({seed, name, level}), shared({seed, "shared", level});
      VariantNetwork& network = variant.levels[level][seed];
      network.density = kDensities[level];
      network.test_accuracy = means[level] + noise * (own.normal() + 2 * shared.normal());
      network.early_stop_step = 1000 * (means[level] + noise * own.normal());
      network.order = order + std::to_string(seed);
    }
  }
  return variant;
}

StudyVariants variants_of_all(std::initializer_list<Variant> all) {
  StudyVariants variants;
  for (const Variant& variant : all) variants.emplace(variant.name, variant);
  return variants;
}

ClaimVerdict verdict_of(const std::string& text, const StudyVariants& variants,
                        const VerdictOptions& options = {}) {
  return evaluate({parse_claim("claim", text)}, variants, options).front();
}

const StudyVariants& some() {
  static const StudyVariants variants = variants_of_all(
      {variant_of("base", {0.98, 0.98, 0.975, 0.96}), variant_of("worse", {0.98, 0.97, 0.96, 0.93}),
       variant_of("alike", {0.98, 0.98, 0.975, 0.96}),
       variant_of("unpaired", {0.98, 0.97, 0.96, 0.93}, 6, 0.001, "other")});
  return variants;
}

}  // namespace

TEST_CASE("A claim of order is supported, refuted, or undecided", "[study]") {
  const ClaimVerdict above = verdict_of("test-accuracy of base at 0.25 above worse", some());
  CHECK(above.decision == Decision::supported);
  REQUIRE(above.tests.size() == 1);
  CHECK(above.tests[0].paired);
  CHECK(above.tests[0].size == 6);
  CHECK(above.tests[0].estimate == Approx(0.015).margin(0.003));
  CHECK(above.tests[0].interval.low > 0);
  CHECK(verdict_of("test-accuracy of base at 0.25 below worse", some()).decision == Decision::refuted);
  const ClaimVerdict alike = verdict_of("test-accuracy of base at 0.25 above alike", some());
  CHECK(alike.decision == Decision::undecided);
  CHECK(alike.tests[0].smallest_effect > 0);
}

TEST_CASE("A claim of a number is tested against that number", "[study]") {
  CHECK(verdict_of("test-accuracy of base at 0.25 above worse by 0.01", some()).decision ==
        Decision::supported);
  CHECK(verdict_of("test-accuracy of base at 0.25 above worse by 0.02", some()).decision ==
        Decision::refuted);
  CHECK(verdict_of("difference of test-accuracy of base at 0.25 to worse is 1.5 points within 0.4 points",
                   some())
            .decision == Decision::supported);
  CHECK(verdict_of("difference of test-accuracy of base at 0.25 to worse is 0.5 points within 0.4 points",
                   some())
            .decision == Decision::refuted);
  CHECK(verdict_of("difference of test-accuracy of base at 0.25 to worse is 1.5 points within 0.01 points",
                   some())
            .decision == Decision::undecided);
  CHECK(verdict_of("test-accuracy of base at 0.25 above 0.97", some()).decision == Decision::supported);
}

TEST_CASE("Networks that saw other orders of images are not paired", "[study]") {
  const ClaimVerdict verdict = verdict_of("test-accuracy of base at 0.25 above unpaired", some());
  CHECK_FALSE(verdict.tests[0].paired);
  CHECK(verdict.decision == Decision::supported);
}

TEST_CASE("Densities are tested in their order until the first that fails", "[study]") {
  const ClaimVerdict all = verdict_of("test-accuracy of base at 0.5,0.25,0.125 above worse", some());
  CHECK(all.decision == Decision::supported);
  CHECK(all.supported == 3);
  const ClaimVerdict some_of_them = verdict_of("test-accuracy of base at 0.125,1,0.25 above worse", some());
  CHECK(some_of_them.decision == Decision::undecided);
  CHECK(some_of_them.supported == 1);
  CHECK_THAT(some_of_them.reason, Contains("the first 1 of 3 densities"));
  CHECK(verdict_of("test-accuracy of alike at 0.125,0.5 above worse", some()).decision ==
        Decision::supported);
}

TEST_CASE("Likeness needs an experiment that tells what is unlike", "[study]") {
  CHECK(verdict_of("test-accuracy of alike at 0.25 as good as base within 0.5 points, unlike worse", some())
            .decision == Decision::supported);
  const ClaimVerdict blind =
      verdict_of("test-accuracy of alike at 0.25 as good as base within 5 points, unlike worse", some());
  CHECK(blind.decision == Decision::undecided);
  CHECK(blind.tests[0].tells_unlike == false);
  CHECK_THAT(blind.reason, Contains("does not tell worse from base"));
  // Nor does it support the claim by itself, where its family's correction would have left it undecided.
  const std::vector<Claim> family = {blind.claim,
                                     parse_claim("other", "test-accuracy of base at 1 above alike")};
  VerdictOptions options{1.5 * blind.p_supported, {{"all", {"claim", "other"}}}, {}};
  CHECK(evaluate(family, some(), options)[0].reason == blind.reason);
  CHECK(verdict_of("test-accuracy of worse at 0.25 as good as base within 0.5 points", some()).decision ==
        Decision::refuted);
  const ClaimVerdict in_deviations =
      verdict_of("test-accuracy of alike at 0.25 as good as base within 1 sd", some());
  CHECK(in_deviations.tests[0].width ==
        Approx(describe(values_of(sample_of(some().at("base").levels.at(2), &VariantNetwork::test_accuracy)))
                   .deviation));
  // Of a figure that is better the lower it is, a lower one is as good.
  CHECK(verdict_of("early-stop-step of worse at 0.25 as good as base within 1", some()).decision ==
        Decision::supported);
  CHECK(verdict_of("early-stop-step of base at 0.25 as good as worse within 1", some()).decision ==
        Decision::refuted);
}

TEST_CASE("A ratio has Fieller's interval and is tested against its number", "[study]") {
  const ClaimVerdict ratio =
      verdict_of("ratio of early-stop-step of base at 0.125 to worse is 1.032 within 0.005", some());
  CHECK(ratio.decision == Decision::supported);
  CHECK(ratio.tests[0].estimate == Approx(0.96 / 0.93).epsilon(0.003));
  CHECK(ratio.tests[0].interval.low < ratio.tests[0].estimate);
  CHECK(verdict_of("ratio of early-stop-step of base at 0.125 to worse above 1.1", some()).decision ==
        Decision::refuted);
}

TEST_CASE("A trend and an exponent are of each seed's course", "[study]") {
  CHECK(verdict_of("test-accuracy of base falls from 1 to 0.125", some()).decision == Decision::supported);
  CHECK(verdict_of("test-accuracy of base rises from 1 to 0.125", some()).decision == Decision::refuted);
  const StudyVariants power_law =
      variants_of_all({variant_of("law", {0.1, 0.1 * std::sqrt(2), 0.2, 0.2 * std::sqrt(2)}, 5, 1e-4)});
  const ClaimVerdict law =
      verdict_of("exponent of early-stop-step of law from 1 to 0.125 is -0.5 within 0.02", power_law);
  CHECK(law.decision == Decision::supported);
  CHECK(law.tests[0].estimate == Approx(-0.5).margin(0.005));
}

TEST_CASE("Claims of a family are corrected together", "[study]") {
  const StudyVariants weak = variants_of_all(
      {variant_of("base", {0.98, 0.98}, 6, 0.001), variant_of("other", {0.98, 0.9777}, 6, 0.001)});
  const std::vector<Claim> claims = {parse_claim("a", "test-accuracy of base at 0.5 above other"),
                                     parse_claim("b", "test-accuracy of base at 0.5 above other by 0.001"),
                                     parse_claim("c", "test-accuracy of base at 1 above other")};
  VerdictOptions options;
  const std::vector<ClaimVerdict> alone = evaluate(claims, weak, options);
  options.families["all"] = {"a", "b", "c"};
  const std::vector<ClaimVerdict> together = evaluate(claims, weak, options);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    CHECK(alone[i].corrected_p_supported == alone[i].p_supported);
    CHECK(together[i].p_supported == alone[i].p_supported);
  }
  CHECK(together[0].corrected_p_supported == Approx(3 * alone[0].p_supported));
  options.alpha = 2 * alone[0].p_supported;
  const ClaimVerdict lost = evaluate(claims, weak, options)[0];
  CHECK(lost.decision == Decision::undecided);
  CHECK(lost.reason == "it is supported by itself, but not after the correction over its family");
  // Claims without support count in a family of all, whatever the reason that they have.
  const std::vector<ClaimVerdict> three = evaluate(claims, weak, options);
  CHECK(count_supported_as_one_family({three[0]}, options.alpha) == 1);
  CHECK(count_supported_as_one_family(three, options.alpha) == 0);
  ClaimVerdict blind = three[0];
  blind.blind = true;
  CHECK(count_supported_as_one_family({blind}, options.alpha) == 0);
}

TEST_CASE("A printed number agrees or does not, apart from the claim", "[study]") {
  VerdictOptions options;
  options.quotes["claim"] = {0.015, "table 1"};
  const ClaimVerdict near = verdict_of("test-accuracy of base at 0.25 above worse", some(), options);
  CHECK(near.agreement->holds_number);
  CHECK(near.agreement->direction == Decision::supported);
  options.quotes["claim"].value = -0.05;
  const ClaimVerdict far = verdict_of("test-accuracy of base at 0.25 above worse", some(), options);
  CHECK_FALSE(far.agreement->holds_number);
  CHECK(far.agreement->direction == Decision::refuted);
}

TEST_CASE("A claim of what is not there is refused by name", "[study]") {
  CHECK_THROWS_WITH(verdict_of("test-accuracy of bse at 0.25 above worse", some()),
                    Contains("claim 'claim'") && Contains("did you mean 'base'"));
  CHECK_THROWS_WITH(verdict_of("test-accuracy of base at 0.3 above worse", some()),
                    Contains("no networks of density 0.3, but of 1, 0.5, 0.25, 0.125"));
  const StudyVariants one =
      variants_of_all({variant_of("base", {0.98, 0.9}, 1), variant_of("b", {0.98, 0.9}, 1)});
  CHECK_THROWS_WITH(verdict_of("test-accuracy of base at 0.5 above b", one), Contains("one seed"));
}

TEST_CASE("Claims that are wrong are supported as seldom as they say, and true ones as often", "[study]") {
#ifdef LTLAB_CHECKED  // sanitizers are slow
  constexpr int kStudies = 300;
#else
  constexpr int kStudies = 2000;
#endif
  // As far as chance puts the share of that many studies from its probability, in all but one of 2,000 cases.
  const auto margin = [&](double p) { return 3.5 * std::sqrt(p * (1 - p) / kStudies); };
  int supported = 0, as_good = 0, shown = 0;
  for (int study = 0; study < kStudies; ++study) {
    StudyVariants variants;
    for (const std::string name : {"a", "b", "c"}) {
      Variant variant{name, {}};
      for (std::uint64_t seed = 0; seed < 5; ++seed) {
        RandomStream random({static_cast<std::uint64_t>(study), name, 0, seed});
        const double mean = name == "b" ? 0.98 : name == "a" ? 0.98 - 0.005 : 0.98 - 0.003;
        for (const unsigned level : {0u, 1u}) {
          VariantNetwork& network = variant.levels[level][seed];
          network.density = kDensities[level];
          network.test_accuracy = (level == 0 ? 0.98 : mean) + 0.002 * random.normal();
          network.order = std::to_string(seed);
        }
      }
      variants.emplace(name, std::move(variant));
    }
    supported +=
        verdict_of("test-accuracy of a at 1 above b", variants).decision == Decision::supported ? 1 : 0;
    as_good += verdict_of("test-accuracy of a at 0.5 as good as b within 0.005", variants).decision ==
               Decision::supported;
    shown +=
        verdict_of("test-accuracy of c at 0.5 below b", variants).decision == Decision::supported ? 1 : 0;
  }
  // Two-sided 5 % leaves 2.5 % on the wrong side; one-sided non-inferiority at its margin 5 %.
  CHECK(supported / double{kStudies} == Approx(0.025).margin(margin(0.025)));
  CHECK(as_good / double{kStudies} == Approx(0.05).margin(margin(0.05)));
  // statsmodels.stats.power.TTestPower().power(0.003 / (0.002 * 2 ** 0.5), 5, 0.05) is 0.4457.
  CHECK(shown / double{kStudies} == Approx(0.446).margin(margin(0.446)));
}

TEST_CASE("A pilot plans the seeds that a claim takes", "[study]") {
  const ClaimVerdict pilot = verdict_of("test-accuracy of base at 0.25 above worse by 0.014", some());
  const ClaimPower power = plan_claim(pilot, 6, 0.05, 0.8);
  CHECK(power.paired);
  CHECK(power.pilot_seeds == 6);
  CHECK(power.smallest_shown > 0);
  if (power.seeds_needed) CHECK((*power.seeds_needed <= 6) == (power.power >= 0.8));
  const ClaimPower wrong =
      plan_claim(verdict_of("test-accuracy of base at 0.25 below worse", some()), 6, 0.05, 0.8);
  CHECK(wrong.power == 0);
  CHECK_FALSE(wrong.seeds_needed);
  const ClaimPower like = plan_claim(
      verdict_of("test-accuracy of alike at 0.25 as good as base within 0.5 points", some()), 6, 0.05, 0.8);
  CHECK(like.power > 0.9);
}
