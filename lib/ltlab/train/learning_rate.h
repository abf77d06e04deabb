#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/train/step_count.h"

namespace ltlab {

/// The learning rate as a function of the step. Steps count from initialization, so a network rewound to step
/// k continues where the schedule stood at k.
struct LearningRateSchedule {
  enum class Shape { constant, step, cosine };

  Shape shape = Shape::constant;
  double base = 1.2e-3;               ///< rate after warm-up, before any decay
  StepCount warmup_steps = 0;         ///< linear rise: base (s + 1) / warmup_steps at step s < warmup_steps
  std::vector<StepCount> milestones;  ///< `step`: the rate is multiplied by `factor` at each of these steps
  double factor = 0.1;
  std::uint64_t total_steps = 0;  ///< `cosine`: falls from base to 0 between warm-up's end and here
                                  ///< (Loshchilov & Hutter 2017, equation 5, without restarts)

  /// A stretch of the schedule: from first_step on, `steps` steps stand for `original_steps` of it.
  struct Stretch {
    std::uint64_t first_step = 0, steps = 1, original_steps = 1;
  };
  Stretch stretch;

  /// Returns the rate of the update that leads from `step` to step + 1.
  double rate(std::uint64_t step) const;

 private:
  double original(std::uint64_t step) const;  // the schedule's step, or fraction of one, in place of `step`
};

/// constant | step | cosine
inline const NameTable<LearningRateSchedule::Shape>& schedule_names() {
  using enum LearningRateSchedule::Shape;
  static const NameTable<LearningRateSchedule::Shape> table(
      "learning-rate schedule", {{constant, "constant"}, {step, "step"}, {cosine, "cosine"}});
  return table;
}

}  // namespace ltlab
