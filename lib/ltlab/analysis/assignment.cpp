#include "ltlab/analysis/assignment.h"

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include <algorithm>
#include <cmath>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

using Graph = lemon::SmartDigraph;
using Cost = std::int64_t;

// Rows are the nodes 0, ..., size-1, columns those after them; arc i * size + j leads from row i to column j.
void connect_all(Graph& graph, std::size_t size) {
  const auto n = static_cast<int>(size);
  graph.reserveNode(2 * n);
  graph.reserveArc(n * n);
  for (int node = 0; node < 2 * n; ++node) graph.addNode();
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) graph.addArc(Graph::nodeFromId(i), Graph::nodeFromId(n + j));
  }
}

// The method requires whole-number costs.
void set_costs(std::span<const double> values, Graph::ArcMap<Cost>& costs) {
  double greatest = 0;
  for (const double value : values) greatest = std::max(greatest, std::abs(value));
  const double scale = greatest > 0 ? std::exp2(40 - std::ilogb(greatest)) : 1;
  for (std::size_t a = 0; a < values.size(); ++a)
    costs[Graph::arcFromId(static_cast<int>(a))] = -std::llround(values[a] * scale);
}

}  // namespace

std::vector<std::uint32_t> best_assignment(std::span<const double> values, std::size_t size) {
  if (values.size() != size * size) throw ConfigError("an assignment needs as many rows as columns");
  Graph graph;
  connect_all(graph, size);
  Graph::ArcMap<Cost> costs(graph);
  set_costs(values, costs);
  Graph::NodeMap<Cost> supplies(graph);  // each row sends one unit, each column takes one
  for (std::size_t node = 0; node < 2 * size; ++node)
    supplies[Graph::nodeFromId(static_cast<int>(node))] = node < size ? 1 : -1;

  lemon::NetworkSimplex<Graph, Cost, Cost> method(graph);
  method.costMap(costs).supplyMap(supplies).run();

  std::vector<std::uint32_t> assignment(size);
  for (std::size_t a = 0; a < values.size(); ++a) {
    if (method.flow(Graph::arcFromId(static_cast<int>(a))) > 0)
      assignment[a / size] = static_cast<std::uint32_t>(a % size);
  }
  return assignment;
}

}  // namespace ltlab
