#include "ltlab/analysis/bootstrap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace ltlab;

namespace {

// The means of all n^n resamples, one by one.
std::vector<double> all_means(const std::vector<double>& values) {
  const std::size_t n = values.size();
  const auto resamples = static_cast<std::size_t>(std::pow(n, n));
  std::vector<double> means(resamples);
  for (std::size_t resample = 0; resample < resamples; ++resample) {
    for (std::size_t i = 0, digits = resample; i < n; ++i, digits /= n) means[resample] += values[digits % n];
    means[resample] /= static_cast<double>(n);
  }
  std::ranges::sort(means);
  return means;
}

double quantile(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const double high = sorted[std::min(below + 1, sorted.size() - 1)];
  return sorted[below] + (place - static_cast<double>(below)) * (high - sorted[below]);
}

}  // namespace

TEST_CASE("Of few values the bootstrap interval counts every resample", "[analysis]") {
  const std::vector<double> values = {0.975, 0.981, 0.979, 0.983, 0.978, 0.9795};
  for (std::size_t n = 1; n <= values.size(); ++n) {
    const std::vector<double> first(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n));
    const std::vector<double> means = all_means(first);
    const Interval interval = bootstrap_interval(first);
    CHECK(interval.low == Approx(quantile(means, 0.025)).epsilon(1e-12));
    CHECK(interval.high == Approx(quantile(means, 0.975)).epsilon(1e-12));
  }
  // numpy.percentile([mean(x) for x in itertools.product(values[:5], repeat=5)], [2.5, 97.5])
  const Interval five = bootstrap_interval(std::span(values).first(5));
  CHECK(five.low == Approx(0.9768).epsilon(1e-12));
  CHECK(five.high == Approx(0.9814).epsilon(1e-12));
}

TEST_CASE("Of many values the bootstrap interval agrees with scipy within chance", "[analysis]") {
  const std::vector<double> values = {0.3, -0.1, 0.25, 0.4, -0.35, 0.6, 0.7, 0.05, -0.15, 0.45, 0.8};
  // scipy.stats.bootstrap((values,), numpy.mean, method="percentile", n_resamples=100000)
  const Interval interval = bootstrap_interval(values);
  // Of 10,000 resamples a quantile has a standard error of 0.003 here.
  CHECK(interval.low == Approx(0.05909).margin(0.0105));
  CHECK(interval.high == Approx(0.47273).margin(0.0105));
  CHECK(interval == bootstrap_interval(values));
}
