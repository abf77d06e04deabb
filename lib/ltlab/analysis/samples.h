#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ltlab/analysis/compared_run.h"
#include "ltlab/analysis/mean_test.h"
#include "ltlab/analysis/statistics.h"

namespace ltlab {

/// A figure of one network, and the order in which it saw its images.
struct SampleValue {
  double value = 0;
  std::string order;  ///< VariantNetwork::order
};

/// A figure of the networks of one variant at one level, by seed.
using Sample = std::map<std::uint64_t, SampleValue>;

Sample sample_of(const Networks& networks, double VariantNetwork::*figure);
/// Returns the values, by rising seed.
std::vector<double> values_of(const Sample& sample);
/// Returns the mean over the seeds.
double mean_of_networks(const Networks& networks, double VariantNetwork::*figure);

/// A sample, and the estimate of its mean.
struct Estimate {
  Sample sample;
  SampleStatistics statistics;
  Interval interval;  ///< of the mean, 95 % by Student's t; unbounded where there is only one value
};

/// Estimates the mean of at least one value.
Estimate estimate(Sample sample);

/// Values of two samples that belong together, because they share a seed.
struct Pairs {
  std::vector<double> a, b;

  /// Returns a - b of each pair.
  std::vector<double> differences() const;
};

/// Returns the pairs of two samples where a paired test is right: every seed that both have stands for the
/// same order of images in both, so that only what is compared differs, and there are two such seeds or more.
/// None where the orders differ or are not known.
std::optional<Pairs> pairs_of(const Sample& a, const Sample& b);

/// Returns whether the samples are of the same networks: they share seeds, orders and all values.
bool same_networks(const Sample& a, const Sample& b);

/// Tests mean(a) - mean(b): paired where pairs_of() finds pairs, else by Welch's test. Empty where either has
/// fewer than two values.
std::optional<MeanTest> test_difference(const Sample& a, const Sample& b);

}  // namespace ltlab
