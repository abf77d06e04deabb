#include "ltlab/prune/allocation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ltlab {
namespace {

double weights_of(const Shape& layer) {
  return static_cast<double>(element_count(layer));
}

// density times size; of the density's layers, those at or above 1 stay whole.
std::size_t share(double density, const Shape& layer) {
  return static_cast<std::size_t>(std::llround(std::min(1.0, density) * weights_of(layer)));
}

}  // namespace

std::vector<std::size_t> keep_uniformly(const std::vector<Shape>& layers, double survivors) {
  double weights = 0;
  for (const Shape& layer : layers) weights += weights_of(layer);
  std::vector<std::size_t> kept(layers.size());
  std::ranges::transform(layers, kept.begin(),
                         [&](const Shape& layer) { return share(survivors / weights, layer); });
  return kept;
}

std::vector<std::size_t> keep_by_erdos_renyi(const std::vector<Shape>& layers, double survivors) {
  // The extents' sum is what a layer keeps where the density's factor is 1.
  const auto extents = [](const Shape& layer) {
    return static_cast<double>(std::accumulate(layer.begin(), layer.end(), std::size_t{0}));
  };
  std::vector<Shape> rest = layers;
  double factor = 0;
  for (bool found = false; !found && !rest.empty();) {
    double sum = 0;
    for (const Shape& layer : rest) sum += extents(layer);
    factor = survivors / sum;
    // Layers that reach density 1 stay whole, and leave less to the others.
    const auto whole = std::partition(rest.begin(), rest.end(), [&](const Shape& layer) {
      return factor * extents(layer) < weights_of(layer);
    });
    for (auto layer = whole; layer != rest.end(); ++layer) survivors -= weights_of(*layer);
    found = whole == rest.end();
    rest.erase(whole, rest.end());
  }
  std::vector<std::size_t> kept(layers.size());
  std::ranges::transform(layers, kept.begin(), [&](const Shape& layer) {
    return share(factor * extents(layer) / weights_of(layer), layer);
  });
  return kept;
}

}  // namespace ltlab
