#include "ltlab/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ltlab {

double LearningRateSchedule::rate(std::uint64_t step) const {
  if (step < warmup_steps) return base * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  switch (shape) {
    case Shape::constant:
      return base;
    case Shape::step: {
      const auto passed =
          std::count_if(milestones.begin(), milestones.end(), [&](auto at) { return at <= step; });
      return base * std::pow(factor, static_cast<double>(passed));
    }
    default: {
      const auto span = static_cast<double>(std::max(total_steps, warmup_steps + 1) - warmup_steps);
      const double done = std::min(1.0, static_cast<double>(step - warmup_steps) / span);
      return base * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
    }
  }
}

const NameTable<LearningRateSchedule::Shape>& schedule_names() {
  using enum LearningRateSchedule::Shape;
  static const NameTable<LearningRateSchedule::Shape> table(
      "learning-rate schedule", {{constant, "constant"}, {step, "step"}, {cosine, "cosine"}});
  return table;
}

}  // namespace ltlab
