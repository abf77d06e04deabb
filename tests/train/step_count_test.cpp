#include "ltlab/train/step_count.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

using namespace ltlab;

TEST_CASE("A number of steps is said in steps or in epochs", "[train]") {
  CHECK(StepCount::parse("500") == 500);
  CHECK(StepCount::parse("500it") == 500);
  CHECK(StepCount::parse("500it").text() == "500");
  StepCount count = StepCount::parse("2ep");
  CHECK_FALSE(count.resolved());
  CHECK_FALSE(count.none());
  count.resolve(352);
  CHECK(count.resolved());
  CHECK(count == 704);
  CHECK(count.text() == "2ep");
  StepCount steps = 7;
  steps.resolve(352);
  CHECK(steps == 7);
  CHECK(StepCount::parse("0ep").none());
  for (const char* wrong : {"", "ep", "-1", "1e3", "2 ep", "2.5ep", "2epochs", "99999999999"})
    CHECK_THROWS_AS(StepCount::parse(wrong), ConfigError);
}
