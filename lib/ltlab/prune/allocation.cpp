#include "ltlab/prune/allocation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ltlab {
namespace {

double weights_of(const Shape& layer) {
  return static_cast<double>(element_count(layer));
}

// The share that a layer keeps: factor * claim, within its bounds.
struct Share {
  double claim, least, most;

  double wanted(double factor) const { return factor * claim; }
  double lacking(double factor) const { return std::max(0.0, least - wanted(factor)); }
  double beyond(double factor) const { return std::max(0.0, wanted(factor) - most); }
};

// Uses the factor at which all together keep `survivors`. Layers out of bounds on the side that misses more
// stay at their bound whatever the others keep, which leaves more, or less, to the others.
std::vector<std::size_t> keep_in_proportion(const std::vector<Share>& layers, double survivors) {
  std::vector<std::size_t> kept(layers.size());
  std::vector<std::size_t> rest(layers.size());
  std::iota(rest.begin(), rest.end(), std::size_t{0});
  while (!rest.empty()) {
    const auto sum = [&](const auto& of) {
      return std::accumulate(rest.begin(), rest.end(), 0.0,
                             [&](double before, std::size_t layer) { return before + of(layers[layer]); });
    };
    const double factor = survivors / sum([](const Share& share) { return share.claim; });
    const double lacking = sum([&](const Share& share) { return share.lacking(factor); });
    const double beyond = sum([&](const Share& share) { return share.beyond(factor); });
    const auto settled = std::partition(rest.begin(), rest.end(), [&](std::size_t layer) {
      if (lacking == 0 && beyond == 0) return false;
      return (lacking > beyond ? layers[layer].lacking(factor) : layers[layer].beyond(factor)) == 0;
    });
    for (auto layer = settled; layer != rest.end(); ++layer) {
      const Share& share = layers[*layer];
      const double keeps = std::clamp(share.wanted(factor), share.least, share.most);
      kept[*layer] = static_cast<std::size_t>(std::llround(keeps));
      survivors -= keeps;
    }
    rest.erase(settled, rest.end());
  }
  return kept;
}

template <class Claim>
std::vector<Share> shares(const std::vector<Shape>& layers, std::size_t least, const Claim& claim) {
  std::vector<Share> shares;
  for (const Shape& layer : layers) {
    const double weights = weights_of(layer);
    shares.push_back({claim(layer), std::min(static_cast<double>(least), weights), weights});
  }
  return shares;
}

}  // namespace

std::vector<std::size_t> keep_uniformly(const std::vector<Shape>& layers, double survivors,
                                        std::size_t least) {
  return keep_in_proportion(shares(layers, least, weights_of), survivors);
}

std::vector<std::size_t> keep_by_erdos_renyi(const std::vector<Shape>& layers, double survivors,
                                             std::size_t least) {
  const auto extents = [](const Shape& layer) {
    return static_cast<double>(std::accumulate(layer.begin(), layer.end(), std::size_t{0}));
  };
  return keep_in_proportion(shares(layers, least, extents), survivors);
}

}  // namespace ltlab
