#include "ltlab/analysis/clustering.h"

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

struct Cluster {
  std::size_t number;
  std::vector<std::size_t> items;
};

double mean_distance(std::span<const double> distances, std::size_t size, const Cluster& a,
                     const Cluster& b) {
  double sum = 0;
  for (const std::size_t i : a.items) {
    for (const std::size_t j : b.items) sum += distances[i * size + j];
  }
  return sum / static_cast<double>(a.items.size() * b.items.size());
}

}  // namespace

std::vector<Merge> average_linkage(std::span<const double> distances, std::size_t size) {
  if (distances.size() != size * size) throw ConfigError("distances must be a square matrix");
  std::vector<Cluster> clusters;
  for (std::size_t i = 0; i < size; ++i) clusters.push_back({i, {i}});
  std::vector<Merge> merges;
  while (clusters.size() > 1) {
    std::size_t first = 0, second = 1;
    double nearest = mean_distance(distances, size, clusters[0], clusters[1]);
    for (std::size_t i = 0; i < clusters.size(); ++i) {
      for (std::size_t j = i + 1; j < clusters.size(); ++j) {
        const double distance = mean_distance(distances, size, clusters[i], clusters[j]);
        if (distance >= nearest) continue;
        nearest = distance;
        first = i;
        second = j;
      }
    }
    Cluster merged{size + merges.size(), clusters[first].items};
    merged.items.insert(merged.items.end(), clusters[second].items.begin(), clusters[second].items.end());
    merges.push_back({clusters[first].number, clusters[second].number, nearest, merged.items.size()});
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(second));
    clusters.erase(clusters.begin() + static_cast<std::ptrdiff_t>(first));
    clusters.push_back(std::move(merged));
  }
  return merges;
}

}  // namespace ltlab
