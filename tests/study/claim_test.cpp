#include "ltlab/study/claim.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"

using namespace ltlab;
using Catch::Contains;

TEST_CASE("A claim orders a figure of two variants", "[study]") {
  const Claim claim = parse_claim(
      "faster", "early-stop-step of base at 0.21 below early-stop-step of base/random-reinit at 0.2");
  CHECK(claim.effect == Effect::difference);
  CHECK(claim.figure == Figure::early_stop_step);
  CHECK(claim.of.variant == "base");
  CHECK(claim.of.densities == std::vector<double>{0.21});
  CHECK(claim.to->variant == "base/random-reinit");
  CHECK(claim.to->densities == std::vector<double>{0.2});
  CHECK(claim.relation == Relation::below);
  CHECK(claim.value == 0);
}

TEST_CASE("The other side may leave out what is the same", "[study]") {
  const Claim claim = parse_claim("a", "test-accuracy of base at 0.2,0.1 above snip by 0.5 points");
  CHECK(claim.to->variant == "snip");
  CHECK(claim.to->densities == std::vector<double>{0.2, 0.1});
  CHECK(claim.value == Approx(0.005));
  const Claim below = parse_claim("a", "test-accuracy of base below snip at 0.1 by 0.01");
  CHECK(below.of.densities == std::vector<double>{0.1});
  CHECK(below.value == Approx(-0.01));
  const Claim dense = parse_claim("a", "test-accuracy of base at 0.2,0.1 above base at 1");
  CHECK(dense.to->densities == std::vector<double>{1, 1});
}

TEST_CASE("A claim compares a figure with a number", "[study]") {
  const Claim claim = parse_claim("a", "test-accuracy of base at 0.02 above 97.5 points");
  CHECK(claim.effect == Effect::value);
  CHECK_FALSE(claim.to);
  CHECK(claim.value == Approx(0.975));
}

TEST_CASE("A claim of likeness has a width and a control", "[study]") {
  const Claim claim = parse_claim("a",
                                  "test-accuracy of snip/random-mask at 0.1 as good as test-accuracy of snip "
                                  "at 0.1 within 1 sd, unlike random");
  CHECK(claim.relation == Relation::not_worse);
  CHECK(claim.width == 1);
  CHECK(claim.width_in_deviations);
  CHECK(*claim.unlike == "random");
  const Claim equal = parse_claim("a", "test-accuracy of a at 0.1 equal to b within 0.5 points");
  CHECK(equal.relation == Relation::within);
  CHECK(equal.value == 0);
  CHECK(equal.width == Approx(0.005));
  CHECK_FALSE(equal.unlike);
}

TEST_CASE("A claim states a ratio or a difference", "[study]") {
  const Claim claim = parse_claim(
      "a", "ratio of early-stop-step of base/random-reinit at 0.21 to base at 0.21 is 2.51 within 0.5");
  CHECK(claim.effect == Effect::ratio);
  CHECK(claim.relation == Relation::within);
  CHECK(claim.value == 2.51);
  CHECK(claim.width == 0.5);
  const Claim more =
      parse_claim("a", "difference of test-accuracy of base at 0.135 to base at 1 above 0.3 points");
  CHECK(more.effect == Effect::difference);
  CHECK(more.relation == Relation::above);
  CHECK(more.value == Approx(0.003));
}

TEST_CASE("A claim follows a course of densities", "[study]") {
  const Claim rising = parse_claim("a", "early-stop-step of base/random-reinit rises from 0.8 to 0.036");
  CHECK(rising.effect == Effect::trend);
  CHECK(rising.relation == Relation::above);
  CHECK(rising.of.densities == std::vector<double>{0.8, 0.036});
  const Claim exponent =
      parse_claim("a", "exponent of test-loss of base from 0.5 to 0.02 is -0.4 within 0.1");
  CHECK(exponent.effect == Effect::exponent);
  CHECK(exponent.value == -0.4);
  CHECK(parse_claim("a", "exponent of test-loss of base from 0.5 to 0.02 below 0").relation ==
        Relation::below);
}

TEST_CASE("A claim that makes no sense is refused where it goes wrong", "[study]") {
  const auto refused = [](const std::string& text, const std::string& words) {
    CHECK_THROWS_WITH(parse_claim("a", text), Contains(words));
    CHECK_THROWS_AS(parse_claim("a", text), ConfigError);
  };
  refused("", "at the beginning a figure is expected, and nothing follows");
  refused("test-acuracy of base at 0.1 above 1", "did you mean 'test-accuracy'");
  refused("test-accuracy base", "after 'test-accuracy' 'of' is expected, and there is 'base'");
  refused("test-accuracy of base at x above 1", "'x' is no density");
  refused("test-accuracy of base at 0 above 1", "does not lie above 0");
  refused("test-accuracy of base at 2 above 1", "does not lie above 0");
  refused("test-accuracy of base above 1", "tells no density");
  refused("test-accuracy of base at 0.1 is 1", "above, below, as good as");
  refused("test-accuracy of base at 0.1 above snip by", "a number is expected");
  refused("test-accuracy of base at 0.1 above snip 2", "the end of the claim is expected");
  refused("test-accuracy of base at 0.1 above test-loss of snip", "one figure");
  refused("test-accuracy of base at 0.1,0.2 above snip at 0.1,0.2,0.3", "different numbers of densities");
  refused("test-accuracy of base at 0.1 as good as snip", "'within' is expected");
  refused("test-accuracy of base at 0.1 as good as snip within 0", "above 0");
  refused("test-accuracy of base rises from 0.1 to 0.2", "to a lower one");
  refused("ratio of test-loss of a at 0.1 to b is 0.5 within 0.5", "above 0");
}
