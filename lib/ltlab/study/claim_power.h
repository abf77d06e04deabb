#pragma once

#include <optional>

#include "ltlab/study/verdicts.h"

namespace ltlab {

/// What a pilot tells of the seeds that a claim takes.
struct ClaimPower {
  std::size_t pilot_seeds = 0;
  double effect = 0, deviation = 0;  ///< of the pilot, in the effect's unit, at the claim's first density
  bool paired = false;
  /// The chance that the planned seeds support the claim, if the pilot's effect and spread are the true ones.
  double power = 0;
  /// Seeds with which that chance is as high as asked; none where no number of seeds does it, as where the
  /// claim is not true.
  std::optional<std::size_t> seeds_needed;
  /// The effect beyond the claim's number that the planned seeds show with that chance; of likeness, the
  /// width that they do, if there is no difference.
  double smallest_shown = 0;
};

/// Plans the test of a claim from its verdict on a pilot. `power` lies between 0 and 1.
ClaimPower plan_claim(const ClaimVerdict& pilot, std::size_t planned_seeds, double alpha, double power);

}  // namespace ltlab
