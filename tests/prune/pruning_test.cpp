#include "ltlab/prune/pruning.h"

#include <catch2/catch.hpp>

#include "ltlab/base/error.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

PruningCandidate candidate(const std::string& name, const Shape& shape, std::vector<double> scores) {
  return {full_mask(name, shape), std::move(scores)};
}

PruningCandidate candidate(const std::string& name, const std::vector<double>& scores) {
  return candidate(name, {1, scores.size()}, scores);
}

std::vector<double> random_scores(std::size_t size, std::uint64_t seed) {
  const AlignedVector<double> values = random_values<double>(size, seed);
  return {values.begin(), values.end()};
}

using Keep = std::vector<std::uint8_t>;

}  // namespace

TEST_CASE("The lowest scores of each quota go, whatever other layers have", "[prune]") {
  const auto masks = prune_by_score(
      {candidate("a", {0.1, 5, 0.2, 3, 0.05}), candidate("b", {100, 200}), candidate("c", {0.01, 0.02})},
      {{{0}, 3}, {{1}, 1}}, {});
  CHECK(masks[0].keep == Keep{0, 1, 1, 1, 0});
  CHECK(masks[1].keep == Keep{0, 1});
  CHECK(masks[2].keep == Keep{1, 1});  // no quota
}

TEST_CASE("Candidates of one quota compete", "[prune]") {
  const auto masks = prune_by_score(
      {candidate("a", {0.1, 5, 0.2, 3}), candidate("output", {0.001, 0.002}), candidate("b", {100, 0.3})},
      {{{0, 2}, 3}, {{1}, 1}}, {});
  CHECK(masks[0].keep == Keep{0, 1, 0, 1});
  CHECK(masks[1].keep == Keep{0, 1});
  CHECK(masks[2].keep == Keep{1, 0});
}

TEST_CASE("Pruning goes on among the survivors, and masks stay nested", "[prune]") {
  const std::vector<double> scores = random_scores(1200, 1);
  std::vector<Mask> masks{full_mask("w", {30, 40})};
  for (std::size_t survivors = 1200; survivors > 0; survivors = survivors * 4 / 5) {
    const std::vector<Mask> next = prune_by_score({{masks[0], scores}}, {{{0}, survivors}}, {});
    REQUIRE(next[0].survivors() == survivors);
    REQUIRE(nested(next, masks));
    double lowest_kept = 1e9, highest_pruned = -1e9;
    for (std::size_t i = 0; i < 1200; ++i) {
      if (!masks[0].keep[i]) continue;
      if (next[0].keep[i]) lowest_kept = std::min(lowest_kept, scores[i]);
      if (!next[0].keep[i]) highest_pruned = std::max(highest_pruned, scores[i]);
    }
    REQUIRE(highest_pruned <= lowest_kept);
    masks = next;
  }
  // A quota above what there is keeps it.
  CHECK(prune_by_score({{masks[0], scores}}, {{{0}, 1000}}, {})[0].keep == masks[0].keep);
}

TEST_CASE("Of equal scores the earlier weight goes first", "[prune]") {
  CHECK(prune_by_score({candidate("a", {1, 1, 1, 1})}, {{{0}, 2}}, {})[0].keep == Keep{0, 0, 1, 1});
}

TEST_CASE("A score that is no number is refused, but not a pruned weight's", "[prune]") {
  PruningCandidate one = candidate("fc1.weight", {1, std::numeric_limits<double>::quiet_NaN(), 3});
  CHECK_THROWS_AS(prune_by_score({one}, {{{0}, 1}}, {}), NumericError);
  one.mask.keep[1] = 0;
  CHECK(prune_by_score({one}, {{{0}, 1}}, {})[0].keep == Keep{0, 0, 1});
}

TEST_CASE("Neurons and inputs go by their mean scores, as near to the quota as they come", "[prune]") {
  const PruningCandidate matrix = candidate("w", {3, 4},
                                            {5, 0, 0, 0,    // mean 1.25
                                             1, 1, 1, 1,    // mean 1
                                             0, 9, 0, 0});  // mean 2.25
  const auto pruned = [&](const std::string& granularity, std::size_t survivors) {
    return prune_by_score({matrix}, {{{0}, survivors}}, parse_granularity(granularity))[0].keep;
  };
  CHECK(pruned("neuron", 8) == Keep{1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1});
  CHECK(pruned("neuron", 9) == pruned("neuron", 8));
  CHECK(pruned("neuron", 11) == matrix.mask.keep);
  CHECK(pruned("neuron", 4) == Keep{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1});
  CHECK(pruned("input", 6) == Keep{1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0});
}

TEST_CASE("Groups of different sizes compete by what a weight of theirs is worth", "[prune]") {
  const std::vector<PruningCandidate> layers{candidate("wide", {2, 8}, std::vector<double>(16, 1.0)),
                                             candidate("narrow", {2, 2}, {2, 2, 0.5, 0.5})};
  const auto masks = prune_by_score(layers, {{{0, 1}, 18}}, parse_granularity("neuron"));
  CHECK(masks[0].survivors() == 16);
  CHECK(masks[1].keep == Keep{1, 1, 0, 0});
}

TEST_CASE("2:4 keeps the two best of each four inputs, whatever the quota", "[prune]") {
  const auto granularity = parse_granularity("2:4");
  const auto masks = prune_by_score({candidate("w", {2, 6},
                                               {4, 1, 3, 2, 0, 1,  //
                                                1, 2, 3, 4, 1, 0})},
                                    {{{0}, 0}}, granularity);
  CHECK(masks[0].keep == Keep{1, 0, 1, 0, 1, 1, 0, 0, 1, 1, 1, 1});
  // Of a convolution the inputs are channels, at each place of the kernel.
  const auto kernels =
      prune_by_score({candidate("w", {1, 4, 1, 2}, {1, 8, 2, 7, 3, 6, 4, 5})}, {{{0}, 0}}, granularity);
  CHECK(kernels[0].keep == Keep{0, 1, 0, 1, 1, 0, 1, 0});
}

TEST_CASE("Coarse masks stay nested from round to round", "[prune]") {
  for (const std::string granularity : {"neuron", "input", "4x4", "2x3"}) {
    CAPTURE(granularity);
    std::vector<Mask> masks{full_mask("a", {16, 20}), full_mask("b", {10, 6, 3, 3})};
    for (int round = 1; round < 8; ++round) {
      std::vector<PruningCandidate> candidates;
      std::size_t survivors = 0;
      for (std::size_t i = 0; i < masks.size(); ++i) {
        candidates.push_back({masks[i], random_scores(masks[i].size(), 10 * round + i)});
        survivors += masks[i].survivors();
      }
      const std::size_t wanted = survivors * 4 / 5;
      const auto next = prune_by_score(candidates, {{{0, 1}, wanted}}, parse_granularity(granularity));
      CHECK(nested(next, masks));
      const std::size_t left = next[0].survivors() + next[1].survivors();
      const std::size_t largest_group = 90;  // an input channel of b
      CHECK(std::max(left, wanted) - std::min(left, wanted) <= largest_group / 2);
      masks = next;
    }
  }
}

TEST_CASE("Random masks keep each layer's count, elsewhere", "[prune]") {
  const std::vector<Mask> masks{random_mask("a", {20, 30}, 0.1, 1), random_mask("b", {10, 20}, 0.5, 2)};
  const std::vector<Mask> drawn = random_masks(masks, 1, 2, 3);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(drawn[i].name == masks[i].name);
    CHECK(drawn[i].survivors() == masks[i].survivors());
    CHECK(drawn[i].keep != masks[i].keep);
  }
  CHECK(random_masks(masks, 1, 2, 3)[0].keep == drawn[0].keep);
  CHECK(random_masks(masks, 1, 2, 4)[0].keep != drawn[0].keep);
  CHECK(random_masks(masks, 1, 3, 3)[0].keep != drawn[0].keep);
}

TEST_CASE("Random masks of a network keep its count alone", "[prune]") {
  const std::vector<Mask> masks{random_mask("a", {40, 30}, 0.1, 1), random_mask("b", {10, 20}, 0.9, 2)};
  const std::vector<Mask> drawn = random_masks_of_network(masks, 1, 2, 3);
  CHECK(density(drawn) == density(masks));
  CHECK(drawn[0].density() == Approx(density(masks)).margin(0.05));
  CHECK(drawn[1].density() == Approx(density(masks)).margin(0.1));
  CHECK(random_masks_of_network(masks, 1, 2, 3)[0].keep == drawn[0].keep);
  CHECK(random_masks_of_network(masks, 1, 2, 4)[0].keep != drawn[0].keep);
}

TEST_CASE("A scope has a name", "[prune]") {
  CHECK(pruning_scope_names().parse("erk") == PruningScope::erk);
  CHECK_THROWS_AS(pruning_scope_names().parse("layer"), ConfigError);
}

TEST_CASE("Each candidate keeps the least, and others are pruned in its place", "[prune]") {
  const std::vector<PruningCandidate> candidates{candidate("a", {0.1, 0.2, 0.3, 0.4}),
                                                 candidate("b", {5, 6, 7, 8})};
  const auto masks = prune_by_score(candidates, {{{0, 1}, 4, 2}}, {});
  CHECK(masks[0].keep == Keep{0, 0, 1, 1});
  CHECK(masks[1].keep == Keep{0, 0, 1, 1});
  // All of a candidate that has no more; and as many as before where nothing else may go.
  const auto few = prune_by_score(candidates, {{{0, 1}, 2, 5}}, {});
  CHECK(few[0].survivors() == 4);
  CHECK(few[1].survivors() == 4);
  // Groups go as a whole, or not.
  const Granularity blocks = parse_granularity("1x2");
  const auto coarse =
      prune_by_score({candidate("a", {1, 4}, {0.1, 0.2, 0.3, 0.4}), candidate("b", {1, 4}, {5, 6, 7, 8})},
                     {{{0, 1}, 2, 1}}, blocks);
  CHECK(coarse[0].keep == Keep{0, 0, 1, 1});
  CHECK(coarse[1].keep == Keep{0, 0, 1, 1});
}
