#include "ltlab/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ltlab {

double LearningRateSchedule::original(std::uint64_t step) const {
  if (step <= stretch.first_step) return static_cast<double>(step);
  const auto beyond = static_cast<double>((step - stretch.first_step) * stretch.original_steps);
  return static_cast<double>(stretch.first_step) + beyond / static_cast<double>(stretch.steps);
}

double LearningRateSchedule::rate(std::uint64_t step) const {
  const auto warm = static_cast<double>(warmup_steps);
  const double at = original(step);
  if (at < warm) return base * std::min(1.0, original(step + 1) / warm);
  switch (shape) {
    case Shape::constant:
      return base;
    case Shape::step: {
      const auto passed = std::count_if(milestones.begin(), milestones.end(), [&](std::uint64_t milestone) {
        return static_cast<double>(milestone) <= at;
      });
      return base * std::pow(factor, static_cast<double>(passed));
    }
    case Shape::cosine: {
      const double span = static_cast<double>(std::max<std::uint64_t>(total_steps, warmup_steps + 1)) - warm;
      const double done = std::min(1.0, (at - warm) / span);
      return base * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
    }
  }
  return base;
}

}  // namespace ltlab
