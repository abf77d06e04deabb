#include "ltlab/analysis/interpolation.h"

#include <algorithm>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

const Tensor& like(const Tensor& tensor, const std::vector<Tensor>& others) {
  const Tensor* found = find_named(others, tensor.name);
  if (found && found->shape == tensor.shape) return *found;
  throw ConfigError("the networks have no like '" + tensor.name +
                    "': only networks of one model have a line between them");
}

// Returns (1 - alpha) a + alpha b, exactly a and b at the ends.
std::vector<Tensor> mixed(const WeightPoint& a, const WeightPoint& b, double alpha) {
  std::vector<Tensor> result = a.values;
  for (Tensor& tensor : result) {
    const Tensor& other = like(tensor, b.values);
    std::ranges::transform(tensor.values, other.values, tensor.values.begin(), [alpha](float x, float y) {
      return static_cast<float>((1 - alpha) * static_cast<double>(x) + alpha * static_cast<double>(y));
    });
  }
  return result;
}

}  // namespace

const NameTable<LineStatistics>& line_statistics_names() {
  using enum LineStatistics;
  static const NameTable<LineStatistics> table("way to have batch norm's statistics",
                                               {{estimated, "estimated"}, {interpolated, "interpolated"}});
  return table;
}

void estimate_statistics(Network<float>& network, const EvaluationSet& set) {
  const bool normalizes = network.arrays().size() > network.parameters().size();
  if (!normalizes) return;
  const std::size_t whole = std::max<std::size_t>(1, set.size() / set.images(0).batch());
  for (std::size_t b = 0; b < whole; ++b)
    network.forward_training(set.images(b), {0, 0, b, 1 / static_cast<double>(b + 1)});
}

std::vector<LinePoint> interpolate(const LandscapeData& data, const WeightPoint& a, const WeightPoint& b,
                                   std::size_t points, LineStatistics statistics,
                                   const std::stop_token& stop) {
  if (points < 2) throw ConfigError("a line needs at least 2 points, its ends");
  require_finite(a);
  require_finite(b);
  Network<float> network = data.network<float>(united(a.masks, b.masks));
  std::vector<LinePoint> line;
  for (std::size_t p = 0; p < points; ++p) {
    if (stop.stop_requested()) throw Interrupted();
    const double alpha = static_cast<double>(p) / static_cast<double>(points - 1);
    network.assign(mixed(a, b, alpha));
    if (statistics == LineStatistics::estimated) estimate_statistics(network, data.train());
    line.push_back({alpha, evaluate(network, data.train()), evaluate(network, data.test())});
  }
  return line;
}

Barrier barrier(const std::vector<LinePoint>& line) {
  const auto rise = [&](const auto& value) {
    const double most = value(*std::ranges::max_element(line, {}, value));
    return most - (value(line.front()) + value(line.back())) / 2;
  };
  return {rise([](const LinePoint& p) { return p.train.loss; }),
          rise([](const LinePoint& p) { return p.test.loss; }),
          rise([](const LinePoint& p) { return 1 - p.train.accuracy; }),
          rise([](const LinePoint& p) { return 1 - p.test.accuracy; })};
}

}  // namespace ltlab
