#pragma once

#include <string>
#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab {

/// An array of weights that may be pruned.
struct PrunableLayer {
  Shape shape;
  bool output_layer = false;
  std::string name = {};  ///< of the layer: "fc1"
};

/// Layers whose weights compete for survival, and how many of them survive.
struct PruningGroup {
  std::vector<std::size_t> layers;  ///< by their places in the network, ascending
  std::size_t weights = 0;          ///< before any pruning
  double rate = 0;                  ///< fraction of the survivors pruned a round
  std::size_t survivors = 0;
  std::size_t least = 0;  ///< survivors that each of the layers keeps, or all if it has fewer
};

/// Returns the layer of a parameter: "fc1" of "fc1.weight".
std::string layer_of(const std::string& parameter);

/// Returns the layers of a model whose weights have these masks, in their order.
std::vector<PrunableLayer> prunable_layers(const std::string& model, const std::vector<Mask>& masks);

/// Returns how many weights survive at `level` of a search, by counting alone: every pruning method keeps
/// this many, whatever the weights are. By rates, `level` rounds prune each group at its rate, rounded to the
/// nearest whole number. By densities, the level keeps its own of all weights: under the global scope all
/// compete together; under the layerwise scope each layer keeps (1 - rate)^k of its weights, as k rounds at
/// the default rates would (the output layer at half the others' rate), with the real k that comes nearest to
/// the density. ConfigError where `level` lies beyond the densities.
///
/// Under the uniform and ERK scopes all layers together are pruned at one rate, or to the density, and share
/// the survivors. A layer of rate 0 stays whole in every scope, and counts in the density. A pattern N:M has
/// the same survivors at every level. Groups coarser than single weights come as near as they can. Whatever
/// the rates or the density, each layer keeps config.min_survivors, or all its weights if fewer.
std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<PrunableLayer>& layers,
                                     unsigned level);

/// Returns the densities that a search's levels will have, dense first, by counting alone.
std::vector<double> planned_densities(const SearchConfig& config, const ImageShape& image,
                                      std::size_t classes);

}  // namespace ltlab
