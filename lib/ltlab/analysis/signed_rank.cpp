#include "ltlab/analysis/signed_rank.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "ltlab/analysis/statistics.h"

namespace ltlab {
namespace {

// A difference other than 0, and twice the rank of its magnitude: a whole number even where ranks are tied.
struct RankedDifference {
  double difference;
  std::size_t twice_rank = 0;
};

std::vector<RankedDifference> ranked(std::span<const double> differences) {
  std::vector<RankedDifference> ranks;
  for (const double difference : differences) {
    if (difference != 0) ranks.push_back({difference});
  }
  const auto magnitude = [](const RankedDifference& rank) { return std::abs(rank.difference); };
  std::ranges::sort(ranks, {}, magnitude);
  for (std::size_t first = 0, end = 0; first < ranks.size(); first = end) {
    const double tied = magnitude(ranks[first]) * (1 + kRounding);
    while (end < ranks.size() && magnitude(ranks[end]) <= tied) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[i].twice_rank = first + 1 + end;
  }
  return ranks;
}

// Returns the probability of each sum of the ranks that chance gives a positive sign.
std::vector<double> rank_sum_distribution(const std::vector<RankedDifference>& ranks) {
  std::vector<double> probability{1};
  for (const RankedDifference& rank : ranks) {
    std::vector<double> next(probability.size() + rank.twice_rank);
    for (std::size_t sum = 0; sum < probability.size(); ++sum) {
      next[sum] += probability[sum] / 2;
      next[sum + rank.twice_rank] += probability[sum] / 2;
    }
    probability = std::move(next);
  }
  return probability;
}

}  // namespace

double signed_rank_p(std::span<const double> differences) {
  const std::vector<RankedDifference> ranks = ranked(differences);
  if (ranks.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::size_t positive = 0;
  for (const RankedDifference& rank : ranks) positive += rank.difference > 0 ? rank.twice_rank : 0;
  const std::vector<double> probability = rank_sum_distribution(ranks);
  const auto found = probability.begin() + static_cast<std::ptrdiff_t>(positive);
  const double as_low = std::accumulate(probability.begin(), found + 1, 0.0),
               as_high = std::accumulate(found, probability.end(), 0.0);
  return std::min(1.0, 2 * std::min(as_low, as_high));
}

}  // namespace ltlab
