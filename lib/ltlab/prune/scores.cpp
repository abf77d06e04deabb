#include "ltlab/prune/scores.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

double magnitude(float weight) {
  return std::abs(static_cast<double>(weight));
}

// w in the direction of w_init.
double along_initial(float w_init, float w) {
  return std::signbit(w_init) ? -static_cast<double>(w) : static_cast<double>(w);
}

// Of each weight, score(w_init, w).
template <class Rule>
std::vector<double> each_weight(const ScoredWeights& weights, const Rule& rule) {
  std::vector<double> scores(weights.mask.size());
  std::ranges::transform(weights.initial.values, weights.present.values, scores.begin(), rule);
  return scores;
}

// Each survivor's score in place of its own: the share of the survivors that have a lower one.
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

// Zhou et al. write min(a |w|, |w_init|), with the a of each layer that lets either rule prune as many: which
// is to compare percentiles, as their code does.
std::vector<double> lesser_percentile(const ScoredWeights& weights, double sign) {
  std::vector<double> initial = each_weight(weights, [&](float w, float) { return sign * magnitude(w); });
  std::vector<double> present = each_weight(weights, [&](float, float w) { return sign * magnitude(w); });
  to_percentiles(weights.mask, initial);
  to_percentiles(weights.mask, present);
  std::ranges::transform(initial, present, initial.begin(),
                         [](double a, double b) { return std::min(a, b); });
  return initial;
}

}  // namespace

const NameTable<Score>& score_names() {
  using enum Score;
  static const NameTable<Score> table("score", {{magnitude, "magnitude"},
                                                {magnitude, "large-final"},
                                                {small_final, "small-final"},
                                                {large_init, "large-init"},
                                                {small_init, "small-init"},
                                                {large_init_large_final, "large-init-large-final"},
                                                {small_init_small_final, "small-init-small-final"},
                                                {magnitude_increase, "magnitude-increase"},
                                                {large_final_same_sign, "large-final-same-sign"},
                                                {large_final_diff_sign, "large-final-diff-sign"},
                                                {movement, "movement"},
                                                {away_from_zero, "away-from-zero"},
                                                {random, "random"},
                                                {snip, "snip"},
                                                {grasp, "grasp"},
                                                {synflow, "synflow"},
                                                {taylor, "taylor"},
                                                {fisher, "fisher"}});
  return table;
}

bool is_of_weights_alone(Score score) {
  return score < Score::snip;
}

bool is_of_change(Score score) {
  return score == Score::magnitude_increase || score == Score::movement || score == Score::away_from_zero;
}

bool sees_images(Score score) {
  return !is_of_weights_alone(score) && score != Score::synflow;
}

std::vector<double> score_weights(Score score, const ScoredWeights& weights) {
  switch (score) {
    case Score::magnitude:
      return each_weight(weights, [](float, float w) { return magnitude(w); });
    case Score::small_final:
      return each_weight(weights, [](float, float w) { return -magnitude(w); });
    case Score::large_init:
      return each_weight(weights, [](float w, float) { return magnitude(w); });
    case Score::small_init:
      return each_weight(weights, [](float w, float) { return -magnitude(w); });
    case Score::large_init_large_final:
      return lesser_percentile(weights, 1);
    case Score::small_init_small_final:
      return lesser_percentile(weights, -1);
    case Score::magnitude_increase:
      return each_weight(weights, [](float w_init, float w) { return magnitude(w) - magnitude(w_init); });
    case Score::large_final_same_sign:
      return each_weight(weights, along_initial);
    case Score::large_final_diff_sign:
      return each_weight(weights, [](float w_init, float w) { return -along_initial(w_init, w); });
    case Score::away_from_zero:
      return each_weight(weights, [](float w_init, float w) {
        return magnitude(w) * magnitude(w) - magnitude(w_init) * magnitude(w_init);
      });
    case Score::movement:
      return each_weight(weights, [](float w_init, float w) {
        return std::abs(static_cast<double>(w) - static_cast<double>(w_init));
      });
    default:
      throw ConfigError("score '" + score_names().name(score) + "' is none of weights alone");
  }
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

}  // namespace ltlab
