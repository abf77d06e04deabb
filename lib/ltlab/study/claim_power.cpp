#include "ltlab/study/claim_power.h"

#include "ltlab/analysis/power.h"
#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Returns the test that decides a claim, with the width for a margin.
PlannedTest test_of(const ClaimVerdict& pilot, double alpha) {
  const ClaimTest& test = pilot.tests.front();
  const bool two_samples = pilot.claim.to && !test.paired;
  PlannedTest planned;
  planned.pairing = two_samples ? Pairing::independent : Pairing::paired;
  planned.alpha = alpha;
  planned.margin = test.width;
  if (pilot.claim.relation == Relation::within) planned.alternative = Alternative::equivalent;
  if (pilot.claim.relation == Relation::not_worse) planned.alternative = Alternative::not_worse;
  return planned;
}

// Returns the effect in the claim's direction.
double effect_of(const ClaimVerdict& pilot) {
  const Claim& claim = pilot.claim;
  const double beyond = pilot.tests.front().beyond;
  const bool falling =
      claim.relation == Relation::below ||
      (claim.relation == Relation::not_worse && !row_of(kFigures, claim.figure).higher_is_better);
  return falling ? -beyond : beyond;
}

}  // namespace

ClaimPower plan_claim(const ClaimVerdict& pilot, std::size_t planned_seeds, double alpha, double power) {
  const ClaimTest& test = pilot.tests.front();
  const PlannedTest planned = test_of(pilot, alpha);
  const double effect = effect_of(pilot);
  const bool directional = planned.alternative == Alternative::different;
  ClaimPower result{test.size, test.estimate, test.unit * test.deviation, test.paired, 0, std::nullopt, 0};
  if (test.deviation == 0) return result;
  result.smallest_shown =
      test.unit * (directional ? smallest_effect(planned, test.deviation, planned_seeds, power)
                               : smallest_margin(planned, 0, test.deviation, planned_seeds, power));
  if (directional && effect <= 0) return result;  // the pilot contradicts the claim
  result.power = ltlab::power(planned, effect, test.deviation, planned_seeds);
  try {
    result.seeds_needed = seeds_needed(planned, effect, test.deviation, power);
  } catch (const ConfigError&) {
    result.seeds_needed.reset();
  }
  return result;
}

}  // namespace ltlab
