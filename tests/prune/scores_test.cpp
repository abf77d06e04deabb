#include "ltlab/prune/scores.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "ltlab/base/error.h"
#include "support/test_data.h"

using namespace ltlab;
using namespace ltlab::test;

namespace {

// Four weights, at the start and now.
const Mask kMask = full_mask("w", {1, 4});
const Tensor kInitial{"w", {1, 4}, {1.0f, -2.0f, 0.5f, 0.25f}};
const Tensor kPresent{"w", {1, 4}, {-1.5f, 0.5f, 2.0f, 0.0f}};

std::vector<double> scores(const std::string& name) {
  return score_weights(score_names().parse(name), {kMask, kInitial, kPresent});
}

using Scores = std::vector<double>;

}  // namespace

TEST_CASE("The mask criteria of Zhou et al", "[prune]") {
  CHECK(scores("magnitude") == Scores{1.5, 0.5, 2, 0});
  CHECK(scores("large-final") == scores("magnitude"));
  CHECK(scores("small-final") == Scores{-1.5, -0.5, -2, -0.0});
  CHECK(scores("large-init") == Scores{1, 2, 0.5, 0.25});
  CHECK(scores("small-init") == Scores{-1, -2, -0.5, -0.25});
  CHECK(scores("magnitude-increase") == Scores{0.5, -1.5, 1.5, -0.25});
  CHECK(scores("movement") == Scores{2.5, 2.5, 1.5, 0.25});
  CHECK(scores("large-final-same-sign") == Scores{0, 0, 2, 0});
  CHECK(scores("large-final-diff-sign") == Scores{1.5, 0.5, 0, 0});
  // By magnitude at the start the weights rank 2, 3, 1, 0, and now 2, 1, 3, 0, of 4.
  CHECK(scores("large-init-large-final") == Scores{0.5, 0.25, 0.25, 0});
  CHECK(scores("small-init-small-final") == Scores{0.25, 0, 0, 0.75});
}

TEST_CASE("A wrong sign may count as negative, and 0 has a sign of its own where it counts as zero",
          "[prune]") {
  const auto scores_of = [](Score score, WrongSign wrong_sign) {
    const Tensor initial{"w", {1, 5}, {1, -2, 0.5f, 0, 0}}, present{"w", {1, 5}, {-1.5f, -0.5f, 0, 3, 0}};
    return score_weights(score, {full_mask("w", {1, 5}), initial, present}, wrong_sign);
  };
  using enum WrongSign;
  CHECK(scores_of(Score::large_final_same_sign, zero) == Scores{0, 0.5, 0, 0, 0});
  CHECK(scores_of(Score::large_final_diff_sign, zero) == Scores{1.5, 0, 0, 3, 0});
  CHECK(scores_of(Score::large_final_same_sign, negative) == Scores{-1.5, 0.5, 0, 3, 0});
  CHECK(scores_of(Score::large_final_diff_sign, negative) == Scores{1.5, -0.5, 0, -3, 0});
}

TEST_CASE("Scores of zero are put in the order of random scores, next to zero", "[prune]") {
  const Mask mask = full_mask("w", {2, 3});
  const Scores drawn = score_at_random(mask, {}, 7);
  Scores ordered{0, 0, 1e-40, 0, -0.0, -1e-40};
  order_zeros_at_random(mask, {}, 7, ordered);
  CHECK(ordered[2] == 1e-40);
  CHECK(ordered[5] == -1e-40);
  for (const std::size_t i : {0, 1, 3, 4}) {
    CHECK((-1e-280 < ordered[i] && ordered[i] < 0));
    for (const std::size_t j : {0, 1, 3, 4}) CHECK((ordered[i] < ordered[j]) == (drawn[i] < drawn[j]));
  }
  Scores rows(6, 0);
  order_zeros_at_random(mask, parse_granularity("neuron"), 7, rows);
  CHECK(rows[0] == rows[2]);
  CHECK(rows[0] != rows[3]);
}

TEST_CASE("Movement away from zero adds up to the squares' difference under small steps", "[prune]") {
  CHECK(scores("away-from-zero") == Scores{1.25, -3.75, 3.75, -0.0625});
  // Gradient descent on (w - 3)^2 / 2, at whose steps movement pruning sums -w g.
  const double rate = 1e-4;
  double w = -1, sum = 0;
  for (int step = 0; step < 20000; ++step) {
    const double gradient = w - 3;
    sum -= w * gradient;
    w -= rate * gradient;
  }
  const Tensor initial{"w", {1, 1}, {-1.0f}}, present{"w", {1, 1}, {static_cast<float>(w)}};
  const double score = score_weights(Score::away_from_zero, {full_mask("w", {1, 1}), initial, present})[0];
  CHECK(2 * rate * sum == Approx(score).epsilon(1e-3));
}

TEST_CASE("Percentiles are of the survivors", "[prune]") {
  Mask mask = kMask;
  mask.keep[3] = 0;
  const Scores found = score_weights(Score::large_init_large_final, {mask, kInitial, kPresent});
  CHECK(found[0] == Approx(1.0 / 3));
  CHECK(found[1] == 0);
  CHECK(found[2] == 0);
}

TEST_CASE("Random scores are one a group, each seed's own, and the same at every level", "[prune]") {
  const Mask mask = full_mask("fc1.weight", {3, 4});
  const Scores each = score_at_random(mask, {}, 7);
  CHECK(std::set(each.begin(), each.end()).size() == 12);
  CHECK(score_at_random(mask, {}, 7) == each);
  CHECK(score_at_random(mask, {}, 8) != each);
  CHECK(score_at_random(full_mask("fc2.weight", {3, 4}), {}, 7) != each);
  const Scores rows = score_at_random(mask, parse_granularity("neuron"), 7);
  CHECK(std::set(rows.begin(), rows.end()).size() == 3);
  for (std::size_t i = 0; i < 12; ++i) CHECK(rows[i] == rows[i / 4 * 4]);
  const Scores pattern = score_at_random(mask, parse_granularity("2:4"), 7);
  CHECK(std::set(pattern.begin(), pattern.end()).size() == 12);
  for (const double score : each) CHECK((score >= 0 && score < 1));
}

TEST_CASE("Scores know what they see", "[prune]") {
  CHECK_FALSE(row_of(kScores, Score::movement).asks_network());
  CHECK_FALSE(row_of(kScores, Score::random).asks_network());
  CHECK(row_of(kScores, Score::synflow).asks_network());
  CHECK_FALSE(row_of(kScores, Score::synflow).sees_images());
  CHECK(row_of(kScores, Score::snip).sees_images());
  CHECK_FALSE(row_of(kScores, Score::magnitude).sees_images());
  CHECK(row_of(kScores, Score::away_from_zero).input == ScoreInput::weight_changes);
  CHECK(row_of(kScores, Score::large_final_same_sign).input == ScoreInput::weights);
  CHECK_THROWS_AS(score_weights(Score::snip, {kMask, kInitial, kPresent}), ConfigError);
}
