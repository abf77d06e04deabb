#include "ltlab/analysis/samples.h"

#include <algorithm>
#include <utility>

namespace ltlab {

Sample sample_of(const Networks& networks, double VariantNetwork::*figure) {
  Sample sample;
  for (const auto& [seed, network] : networks) sample[seed] = {network.*figure, network.order};
  return sample;
}

std::vector<double> values_of(const Sample& sample) {
  std::vector<double> values;
  values.reserve(sample.size());
  for (const auto& [seed, value] : sample) values.push_back(value.value);
  return values;
}

double mean_of_networks(const Networks& networks, double VariantNetwork::*figure) {
  return mean_of(networks, [&](const auto& of_seed) { return of_seed.second.*figure; });
}

Estimate estimate(Sample sample) {
  const std::vector<double> values = values_of(sample);
  return {std::move(sample), describe(values), student_interval(values)};
}

std::vector<double> Pairs::differences() const {
  std::vector<double> differences;
  differences.reserve(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return differences;
}

std::optional<Pairs> pairs_of(const Sample& a, const Sample& b) {
  Pairs pairs;
  for (const auto& [seed, value] : a) {
    const auto other = b.find(seed);
    if (other == b.end()) continue;
    if (value.order.empty() || value.order != other->second.order) return std::nullopt;
    pairs.a.push_back(value.value);
    pairs.b.push_back(other->second.value);
  }
  return pairs.a.size() < 2 ? std::nullopt : std::optional(std::move(pairs));
}

bool same_networks(const Sample& a, const Sample& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.value == y.second.value && x.second.order == y.second.order;
  });
}

std::optional<MeanTest> test_difference(const Sample& a, const Sample& b) {
  if (const std::optional<Pairs> pairs = pairs_of(a, b)) return test_mean(pairs->differences());
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  return test_welch(values_of(a), values_of(b));
}

}  // namespace ltlab
