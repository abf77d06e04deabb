#include "ltlab/prune/scores.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

double magnitude(float weight) {
  return std::abs(static_cast<double>(weight));
}

// Beside it every float is large, denormal ones too, and a double 2^-53 of it is not denormal.
constexpr double kNextToZero = 1e-290;

// Returns w in the direction of w_init.
double along_initial(float w_init, float w) {
  return std::signbit(w_init) ? -static_cast<double>(w) : static_cast<double>(w);
}

int sign(float weight) {
  return (weight > 0) - (weight < 0);
}

// Returns score(w_init, w) of each weight.
template <class Rule>
std::vector<double> each_weight(const ScoredWeights& weights, const Rule& rule) {
  std::vector<double> scores(weights.mask.size());
  std::ranges::transform(weights.initial.values, weights.present.values, scores.begin(), rule);
  return scores;
}

// Replaces each survivor's score by the share of the survivors that have a lower one.
void to_percentiles(const Mask& mask, std::vector<double>& scores) {
  std::vector<double> sorted;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (mask.keep[i]) sorted.push_back(scores[i]);
  }
  std::ranges::sort(sorted);
  for (double& score : scores) {
    const auto lower = std::ranges::lower_bound(sorted, score) - sorted.begin();
    score = static_cast<double>(lower) / static_cast<double>(sorted.size());
  }
}

// Zhou et al. write min(a |w|, |w_init|), with the a of each layer that lets either rule prune as many. This
// amounts to comparing percentiles, as their code does.
std::vector<double> lesser_percentile(const ScoredWeights& weights, double sign) {
  std::vector<double> initial = each_weight(weights, [&](float w, float) { return sign * magnitude(w); });
  std::vector<double> present = each_weight(weights, [&](float, float w) { return sign * magnitude(w); });
  to_percentiles(weights.mask, initial);
  to_percentiles(weights.mask, present);
  std::ranges::transform(initial, present, initial.begin(),
                         [](double a, double b) { return std::min(a, b); });
  return initial;
}

// Returns the score that keeps the sign which stayed, or which changed.
std::vector<double> magnitude_of_sign(const ScoredWeights& weights, bool stayed, WrongSign wrong_sign) {
  if (wrong_sign == WrongSign::negative) {
    return each_weight(weights, [&](float w_init, float w) {
      return stayed ? along_initial(w_init, w) : -along_initial(w_init, w);
    });
  }
  return each_weight(
      weights, [&](float w_init, float w) { return (sign(w_init) == sign(w)) == stayed ? magnitude(w) : 0; });
}

// A score that each weight has by itself.
struct WeightScore {
  Score value;
  double (*score)(float w_init, float w);
};

constexpr WeightScore kWeightScores[] = {
    {Score::magnitude, [](float, float w) { return magnitude(w); }},
    {Score::small_final, [](float, float w) { return -magnitude(w); }},
    {Score::large_init, [](float w_init, float) { return magnitude(w_init); }},
    {Score::small_init, [](float w_init, float) { return -magnitude(w_init); }},
    {Score::magnitude_increase, [](float w_init, float w) { return magnitude(w) - magnitude(w_init); }},
    {Score::movement,
     [](float w_init, float w) { return std::abs(static_cast<double>(w) - static_cast<double>(w_init)); }},
    {Score::away_from_zero,
     [](float w_init, float w) {
       return magnitude(w) * magnitude(w) - magnitude(w_init) * magnitude(w_init);
     }},
};

}  // namespace

std::vector<double> score_weights(Score score, const ScoredWeights& weights, WrongSign wrong_sign) {
  if (score == Score::large_init_large_final) return lesser_percentile(weights, 1);
  if (score == Score::small_init_small_final) return lesser_percentile(weights, -1);
  if (row_of(kScores, score).keeps_one_sign())
    return magnitude_of_sign(weights, score == Score::large_final_same_sign, wrong_sign);
  const auto* const found = std::ranges::find(kWeightScores, score, &WeightScore::value);
  if (found != std::end(kWeightScores)) return each_weight(weights, found->score);
  throw ConfigError("score '" + score_names().name(score) + "' is none of weights alone");
}

std::vector<double> score_at_random(const Mask& mask, const Granularity& granularity, std::uint64_t seed) {
  const std::vector<std::uint32_t> groups = weight_groups(mask.shape, granularity);
  const bool apart = granularity.kind == Granularity::Kind::pattern;  // weights compete within their group
  RandomStream random({seed, "score/" + mask.name});
  std::vector<double> drawn(apart ? groups.size() : 1 + *std::ranges::max_element(groups));
  for (double& score : drawn) score = random.uniform();
  if (apart) return drawn;
  std::vector<double> scores(groups.size());
  std::ranges::transform(groups, scores.begin(), [&](std::uint32_t group) { return drawn[group]; });
  return scores;
}

void order_zeros_at_random(const Mask& mask, const Granularity& granularity, std::uint64_t seed,
                           std::vector<double>& scores) {
  const std::vector<double> order = score_at_random(mask, granularity, seed);
  std::ranges::transform(scores, order, scores.begin(), [](double score, double drawn) {
    return score == 0 ? kNextToZero * (drawn - 1) : score;
  });
}

}  // namespace ltlab
