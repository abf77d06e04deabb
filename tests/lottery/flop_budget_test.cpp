#include "ltlab/lottery/flop_budget.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace ltlab;

TEST_CASE("A step costs what the surviving weights do", "[lottery]") {
  const std::string model = "mlp:6-4-2";
  Mask first = full_mask("fc1.weight", {4, 6}), second = full_mask("fc2.weight", {2, 4});
  const ImageShape image{1, 2, 3};
  CHECK(relative_step_flops(model, image, 2, {first, second}) == 1);
  for (std::size_t i = 0; i < 12; ++i) first.keep[i] = 0;
  // The first layer has no gradient to hand on: two products of 24 weights, three of 8.
  CHECK(relative_step_flops(model, image, 2, {first, second}) ==
        Approx((2 * 12 + 3 * 8) / (2 * 24 + 3 * 8.0)));
}

TEST_CASE("Gradual pruning costs the mean over its course", "[lottery]") {
  const MaskChanges changes{100, 300, 1};
  for (const GradualCourse course : {GradualCourse::cubic, GradualCourse::linear}) {
    double sum = 0;
    for (int step = 0; step < 400; ++step) {
      const double p = std::clamp((step - 100) / 200.0, 0.0, 1.0), left = 1 - p;
      const double gone = course == GradualCourse::cubic ? 1 - left * left * left : p;
      sum += 1 - gone * (1 - 0.1);
    }
    CHECK(mean_step_flops(course, changes, 400, 0.1) == Approx(sum / 400).epsilon(0.005));
  }
}

TEST_CASE("A sparser network trains for more steps, by a schedule drawn out", "[lottery]") {
  CHECK(steps_of_budget(1000, 0, 1) == 1000);
  CHECK(steps_of_budget(1000, 0, 0.25) == 4000);
  CHECK(steps_of_budget(1000, 200, 0.25) == 200 + 3200);
  TrainingConfig training;
  training.steps = 1000;
  training.validate_every = 50;
  training.learning_rate.shape = LearningRateSchedule::Shape::step;
  training.learning_rate.warmup_steps = 20;
  training.learning_rate.milestones = {500, 750};
  training.learning_rate.total_steps = 1000;
  const TrainingConfig longer = stretched(training, 0, 4000);
  CHECK(longer.steps == 4000);
  CHECK(longer.validate_every == 200);
  for (const std::uint64_t step : {0, 5, 19, 499, 500, 749, 750, 999})
    CHECK(longer.learning_rate.rate(4 * step + 3) == Approx(training.learning_rate.rate(step)));
  CHECK(stretched(training, 0, 1000).learning_rate.rate(500) == training.learning_rate.rate(500));
}

TEST_CASE("A network rewound to a step goes on at the learning rate that it had there", "[lottery]") {
  using enum LearningRateSchedule::Shape;
  TrainingConfig training;
  training.steps = training.learning_rate.total_steps = 1000;
  training.validate_every = 50;
  training.learning_rate.shape = GENERATE(constant, step, cosine);
  training.learning_rate.warmup_steps = 300;
  training.learning_rate.milestones = {100, 600, 800};
  const LearningRateSchedule& dense = training.learning_rate;
  const std::uint64_t steps = GENERATE(600, 1000, 3400);
  const TrainingConfig rewound = stretched(training, 200, steps);
  CHECK(rewound.steps == steps);
  CHECK(rewound.validate_every == 50 * (steps - 200) / 800);
  for (const std::uint64_t at : {0, 10, 199}) CHECK(rewound.learning_rate.rate(at) == dense.rate(at));
  CHECK(rewound.learning_rate.rate(200) == Approx(dense.rate(200)).epsilon(0.005));  // a step of warm-up
  for (const std::uint64_t at : {300, 600, 800, 998})
    CHECK(rewound.learning_rate.rate(200 + (at - 200) * (steps - 200) / 800) == Approx(dense.rate(at)));
}
