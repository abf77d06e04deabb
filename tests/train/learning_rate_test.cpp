#include "ltlab/train/learning_rate.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

using namespace ltlab;

TEST_CASE("Learning-rate schedules", "[train]") {
  LearningRateSchedule schedule;
  schedule.base = 0.1;
  SECTION("constant") {
    CHECK(schedule.rate(0) == 0.1);
    CHECK(schedule.rate(1000000) == 0.1);
  }
  SECTION("step drops at the milestones") {
    schedule.shape = LearningRateSchedule::Shape::step;
    schedule.milestones = {100, 200};
    CHECK(schedule.rate(99) == Approx(0.1));
    CHECK(schedule.rate(100) == Approx(0.01));
    CHECK(schedule.rate(199) == Approx(0.01));
    CHECK(schedule.rate(200) == Approx(0.001));
  }
  SECTION("cosine falls to zero at the end") {
    schedule.shape = LearningRateSchedule::Shape::cosine;
    schedule.total_steps = 100;
    CHECK(schedule.rate(0) == Approx(0.1));
    CHECK(schedule.rate(50) == Approx(0.05));
    CHECK(schedule.rate(100) == Approx(0).margin(1e-15));
  }
  SECTION("warm-up rises linearly, then the schedule begins") {
    schedule.shape = LearningRateSchedule::Shape::cosine;
    schedule.total_steps = 110;
    schedule.warmup_steps = 10;
    CHECK(schedule.rate(0) == Approx(0.01));
    CHECK(schedule.rate(4) == Approx(0.05));
    CHECK(schedule.rate(9) == Approx(0.1));
    CHECK(schedule.rate(10) == Approx(0.1));
    CHECK(schedule.rate(60) == Approx(0.05));
  }
  CHECK_THROWS_AS(schedule_names().parse("linear"), ConfigError);
}
