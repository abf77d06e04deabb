#include "ltlab/lottery/flop_budget.h"

#include <algorithm>
#include <cmath>

#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

std::uint64_t rounded(double steps) {
  return static_cast<std::uint64_t>(std::llround(steps));
}

}  // namespace

double relative_step_flops(const std::string& model, const ImageShape& image, std::size_t classes,
                           const std::vector<Mask>& masks) {
  Network<float> network = make_network<float>(model, image, classes, 1);
  network.apply(masks);
  const Flops flops = network.flops();
  return flops.survivors / flops.dense;
}

double mean_step_flops(GradualCourse course, const MaskChanges& changes, std::uint64_t steps, double last) {
  const auto all = static_cast<double>(steps);
  const double begin = static_cast<double>(changes.begin) / all, end = static_cast<double>(changes.end) / all;
  // The mean of 1 - (1 - p)^3, or of p.
  const double gone = course == GradualCourse::cubic ? 0.75 : 0.5;
  return 1 - (1 - last) * (gone * (end - begin) + 1 - end);
}

std::uint64_t steps_of_budget(std::uint64_t steps, std::uint64_t first_step, double step_flops) {
  return first_step + rounded(static_cast<double>(steps - first_step) / step_flops);
}

TrainingConfig stretched(TrainingConfig training, std::uint64_t first_step, std::uint64_t steps) {
  const std::uint64_t length = steps - first_step, original = training.steps - first_step;
  training.learning_rate.stretch = {first_step, length, original};
  const double factor = static_cast<double>(length) / static_cast<double>(original);
  training.validate_every =
      std::max<std::uint64_t>(1, rounded(factor * static_cast<double>(training.validate_every)));
  training.steps = steps;
  return training;
}

}  // namespace ltlab
