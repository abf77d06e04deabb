#include "ltlab/analysis/paired_tests.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "ltlab/analysis/statistics.h"

namespace ltlab {
namespace {

// Returns P(T >= t) of Student's t.
double upper_tail(double t, double degrees_of_freedom) {
  if (std::isnan(t)) return t;
  if (std::isinf(t)) return t > 0 ? 0 : 1;
  return boost::math::cdf(boost::math::complement(boost::math::students_t(degrees_of_freedom), t));
}

double standard_error(const SampleStatistics& sample) {
  return sample.deviation / std::sqrt(static_cast<double>(sample.size));
}

// Returns Gamma(m / 2) / (sqrt(m / 2) Gamma((m - 1) / 2)) for m degrees of freedom.
double hedges_factor(double m) {
  return std::exp(std::lgamma(m / 2) - std::lgamma((m - 1) / 2)) / std::sqrt(m / 2);
}

// Differences of accuracies that are equally many images apart are tied, even if rounded differently.
constexpr double kRounding = 1e-9;

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

PairedTest test_differences(std::span<const double> differences) {
  const SampleStatistics sample = describe(differences);
  const auto degrees_of_freedom = static_cast<double>(sample.size - 1);
  PairedTest test;
  test.pairs = sample.size;
  test.mean_difference = sample.mean;
  test.interval = bootstrap_interval(differences);
  test.t = sample.mean / standard_error(sample);
  test.p = 2 * upper_tail(std::abs(test.t), degrees_of_freedom);
  test.signed_rank_p = signed_rank_p(differences);
  test.cohen_d = sample.mean / sample.deviation;
  test.hedges_g = sample.size > 2 ? hedges_factor(degrees_of_freedom) * test.cohen_d
                                  : std::numeric_limits<double>::quiet_NaN();
  return test;
}

double Equivalence::p() const {
  return std::isnan(p_not_below) || p_not_below > p_not_above ? p_not_below : p_not_above;
}

Equivalence test_equivalence(std::span<const double> differences, double margin) {
  const SampleStatistics sample = describe(differences);
  const auto degrees_of_freedom = static_cast<double>(sample.size - 1);
  const double error = standard_error(sample);
  return {upper_tail((sample.mean + margin) / error, degrees_of_freedom),
          upper_tail((margin - sample.mean) / error, degrees_of_freedom)};
}

std::vector<double> holm_corrected(std::span<const double> p_values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i) {
    if (!std::isnan(p_values[i])) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](std::size_t i) { return p_values[i]; });
  std::vector<double> corrected(p_values.begin(), p_values.end());
  double least = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const double scaled = static_cast<double>(order.size() - rank) * p_values[order[rank]];
    corrected[order[rank]] = least = std::max(least, std::min(1.0, scaled));
  }
  return corrected;
}

}  // namespace ltlab
