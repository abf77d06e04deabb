#include "ltlab/analysis/mask_overlap.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "ltlab/analysis/mask_structure.h"
#include "ltlab/base/error.h"
#include "ltlab/prune/pruning.h"

using namespace ltlab;

TEST_CASE("Overlap by chance agrees with scipy's hypergeometric distribution", "[analysis]") {
  struct Case {
    std::size_t size, a, b, common;
    double mean, deviation, p_value;
  };
  // scipy.stats: h = hypergeom(size, a, b); h.mean(), h.std(), min(1, 2 min(h.cdf(common), h.sf(common - 1)))
  const Case cases[] = {
      {235200, 4237, 4237, 107, 76.32724914965986, 8.57918085490744, 0.0008340848719147367},
      {1000, 149, 149, 28, 22.201, 4.011742823447371, 0.19067342437675455},
      {30000, 541, 541, 7, 9.756033333333333, 3.0671895918561822, 0.4763204465021255},
      {20, 12, 15, 7, 9.0, 0.9733285267845752, 0.10216718266253869},
      {20, 12, 15, 12, 9.0, 0.9733285267845752, 0.007223942208462331},
      // Of these numbers scipy 1.10's products overflow: its p-value alone is right.
      {235200, 188160, 188160, 150000, 150528, 77.59604, 8.252145285180079e-12},
  };
  for (const Case& c : cases) {
    const ChanceOverlap chance = hypergeometric_overlap(c.size, c.a, c.b, c.common);
    CHECK(chance.mean == Approx(c.mean));
    CHECK(chance.deviation == Approx(c.deviation));
    CHECK(chance.p_value == Approx(c.p_value).epsilon(1e-6));
  }
  CHECK(hypergeometric_overlap(589824, 58982, 58982, 9000).p_value < 1e-300);
  CHECK(hypergeometric_overlap(10, 10, 4, 4).p_value == 1);  // no other is possible
  CHECK(hypergeometric_overlap(10, 0, 4, 0).p_value == 1);
}

TEST_CASE("Masks' overlap counts what survives in both", "[analysis]") {
  const std::vector<Mask> a = {{"fc1.weight", {2, 3}, {1, 1, 0, 0, 1, 0}}, {"fc2.weight", {1, 2}, {1, 0}}};
  const std::vector<Mask> b = {{"fc1.weight", {2, 3}, {1, 0, 0, 0, 1, 1}}, {"fc2.weight", {1, 2}, {0, 1}}};
  const std::vector<MaskOverlap> layers = mask_overlap(a, b);
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].common == 2);
  CHECK(layers[0].jaccard() == 0.5);
  CHECK(layers[0].hamming() == Approx(1.0 / 3));
  CHECK(layers[1].jaccard() == 0);
  CHECK(layers[1].hamming() == 1);
  // Columns of the first layer have 1 and 1, 2 and 1, 0 and 1 survivors of 2.
  CHECK(layers[0].by_inputs.mean == Approx(1.5));
  CHECK(layers[0].by_inputs.deviation == Approx(0.5));

  const MaskOverlap all = total_overlap(layers);
  CHECK(all.size == 8);
  CHECK(all.common == 2);
  CHECK(all.jaccard() == Approx(2.0 / 6));
  CHECK(all.by_density.mean == Approx(1.5 + 0.5));

  CHECK(mask_overlap(a, a)[0].jaccard() == 1);
  const std::vector<Mask> none = {{"fc1.weight", {2, 3}, {0, 0, 0, 0, 0, 0}}};
  CHECK(mask_overlap(none, none)[0].jaccard() == 1);
  CHECK_THROWS_AS(mask_overlap(a, none), StoreError);
  CHECK_THROWS_AS(mask_overlap({a[0]}, {a[1]}), StoreError);
}

TEST_CASE("Random masks overlap as chance says, at densities and at inputs' numbers", "[analysis]") {
  Mask first_inputs = full_mask("fc1.weight", {300, 784});
  for (std::size_t i = 0; i < first_inputs.size(); ++i) first_inputs.keep[i] = i % 784 < 78;
  double z_sum = 0;
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const auto a = random_masks({first_inputs}, 1, 0, trial), b = random_masks({first_inputs}, 2, 0, trial);
    const MaskOverlap overlap = mask_overlap(a, b).front();
    CHECK(std::abs(overlap.z_score(overlap.by_density)) < 5);
    CHECK(std::abs(overlap.z_score(overlap.by_inputs)) < 5);
    z_sum += overlap.z_score(overlap.by_density);
  }
  CHECK(std::abs(z_sum) < 5 * std::sqrt(20.0));

  // Masks that prefer the same inputs have more in common than their densities tell, and no more than the
  // inputs' numbers do.
  const MaskOverlap same = mask_overlap({first_inputs}, {first_inputs}).front();
  CHECK(same.by_density.p_value == 0);
  CHECK(same.z_score(same.by_density) > 100);
  CHECK(same.by_inputs.mean == Approx(same.common));
}

TEST_CASE("Signs are compared where both survive", "[analysis]") {
  const Mask a{"w", {1, 4}, {1, 1, 1, 0}}, b{"w", {1, 4}, {1, 1, 0, 1}};
  const Tensor weights_a{"w", {1, 4}, {1, -1, 1, 0}}, weights_b{"w", {1, 4}, {2, 2, 0, 3}};
  CHECK(sign_agreement(common_mask(a, b), weights_a, weights_b) == 0.5);
  CHECK_FALSE(sign_agreement(common_mask(a, {"w", {1, 4}, {0, 0, 0, 1}}), weights_a, weights_b));
}
