#include "ltlab/analysis/bootstrap.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "ltlab/analysis/resamples.h"

namespace ltlab {
namespace {

// A mean, and how many resamples have it.
struct ResampledMean {
  double mean = 0;
  std::uint64_t resamples = 1;
};

// Returns a quantile of sorted means, each counted as often as it was resampled.
double quantile(const std::vector<ResampledMean>& means, std::uint64_t resamples, double fraction) {
  const double place = fraction * static_cast<double>(resamples - 1);
  const auto below = static_cast<std::uint64_t>(place);
  const auto at = [&](std::uint64_t index) {
    auto mean = means.begin();
    while (index >= mean->resamples) index -= (mean++)->resamples;
    return mean->mean;
  };
  const double low = at(below), high = at(std::min(below + 1, resamples - 1));
  return low + (place - static_cast<double>(below)) * (high - low);
}

}  // namespace

Interval bootstrap_interval(std::span<const double> values) {
  std::vector<ResampledMean> means;
  std::uint64_t resamples = 0;
  for_each_resample(values.size(), [&](std::span<const std::size_t> members, std::uint64_t times) {
    means.push_back({mean_of(resampled(values, members), std::identity()), times});
    resamples += times;
  });
  std::ranges::sort(means, {}, &ResampledMean::mean);
  return {quantile(means, resamples, 0.025), quantile(means, resamples, 0.975)};
}

}  // namespace ltlab
