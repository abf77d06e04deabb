#include "ltlab/analysis/bootstrap.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "ltlab/base/random.h"

namespace ltlab {
namespace {

constexpr std::size_t kMostEnumerated = 8;
constexpr std::size_t kResamples = 10000;

// A mean, and how many resamples have it.
struct ResampledMean {
  double mean = 0;
  std::uint64_t resamples = 1;
};

// Goes through all resamples regardless of order: value by value, how often each is drawn.
class Enumeration {
 public:
  explicit Enumeration(std::span<const double> values) : values_(values) { draw(0, values.size(), 0, 1); }
  std::vector<ResampledMean> take() { return std::move(means_); }

 private:
  // `orders` counts the orders of the values drawn so far among a resample's places; `left` places are free.
  void draw(std::size_t value, std::size_t left, double sum, std::uint64_t orders) {
    if (value + 1 == values_.size()) {
      sum += static_cast<double>(left) * values_[value];
      means_.push_back({sum / static_cast<double>(values_.size()), orders});
      return;
    }
    std::uint64_t choices = 1;  // of places for `times` draws of this value
    for (std::size_t times = 0; times <= left; ++times) {
      draw(value + 1, left - times, sum + static_cast<double>(times) * values_[value], orders * choices);
      choices = choices * (left - times) / (times + 1);
    }
  }

  std::span<const double> values_;
  std::vector<ResampledMean> means_;
};

std::vector<ResampledMean> drawn_means(std::span<const double> values) {
  RandomStream random({0, "bootstrap"});
  std::vector<ResampledMean> means(kResamples);
  for (ResampledMean& resample : means) {
    for (std::size_t i = 0; i < values.size(); ++i) resample.mean += values[random.below(values.size())];
    resample.mean /= static_cast<double>(values.size());
  }
  return means;
}

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
  std::vector<ResampledMean> means =
      values.size() <= kMostEnumerated ? Enumeration(values).take() : drawn_means(values);
  std::ranges::sort(means, {}, &ResampledMean::mean);
  const std::uint64_t resamples =
      std::accumulate(means.begin(), means.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const ResampledMean& mean) { return sum + mean.resamples; });
  return {quantile(means, resamples, 0.025), quantile(means, resamples, 0.975)};
}

}  // namespace ltlab
