#include "ltlab/lottery/pruning_plan.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/lottery/level_training.h"
#include "ltlab/lottery/transfer.h"
#include "ltlab/nn/models.h"
#include "ltlab/prune/allocation.h"

namespace ltlab {
namespace {

// Returns the survivors, or the weights, of all groups together.
double total(const std::vector<PruningGroup>& groups, std::size_t PruningGroup::*count) {
  std::size_t sum = 0;
  for (const PruningGroup& group : groups) sum += group.*count;
  return static_cast<double>(sum);
}

// Returns whether the scope takes all layers together, to share their survivors by a rule.
bool shares_survivors(const SearchConfig& config) {
  return config.scope == PruningScope::uniform || config.scope == PruningScope::erk;
}

// Returns 0 for a layer that stays whole.
double rate_of(const SearchConfig& config, const PrunableLayer& layer) {
  SearchConfig rates = config.densities.empty() ? config : SearchConfig();
  rates.layer_rates = config.layer_rates;
  rates.granularity = config.granularity;
  const double rate = rates.rate_of(layer.name, layer.shape, layer.output_layer);
  return rate == 0 || !shares_survivors(config) ? rate : rates.rate;
}

// Under the global scope, layers of one rate compete; with a density, all but whole ones do.
std::vector<PruningGroup> group_layers(const SearchConfig& config, const std::vector<PrunableLayer>& layers) {
  std::vector<PruningGroup> groups;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double rate = rate_of(config, layers[i]);
    const auto competes = [&](const PruningGroup& group) {
      return group.rate == rate || (!config.densities.empty() && group.rate > 0 && rate > 0);
    };
    auto group =
        config.scope == PruningScope::layerwise ? groups.end() : std::ranges::find_if(groups, competes);
    if (group == groups.end())
      group = groups.insert(groups.end(), PruningGroup{{}, 0, rate, 0, config.min_survivors});
    group->layers.push_back(i);
    group->weights += element_count(layers[i].shape);
  }
  for (PruningGroup& group : groups) group.survivors = group.weights;
  return groups;
}

// Makes each layer of a group a group of its own, with its share of the survivors.
std::vector<PruningGroup> share_survivors(const std::vector<PruningGroup>& groups, const SearchConfig& config,
                                          const std::vector<PrunableLayer>& layers) {
  std::vector<PruningGroup> shared;
  for (const PruningGroup& group : groups) {
    std::vector<Shape> shapes;
    for (const std::size_t layer : group.layers) shapes.push_back(layers[layer].shape);
    const auto survivors = static_cast<double>(group.survivors);
    const std::vector<std::size_t> kept = config.scope == PruningScope::erk
                                              ? keep_by_erdos_renyi(shapes, survivors, group.least)
                                              : keep_uniformly(shapes, survivors, group.least);
    for (std::size_t i = 0; i < shapes.size(); ++i)
      shared.push_back({{group.layers[i]}, element_count(shapes[i]), group.rate, kept[i], group.least});
  }
  std::ranges::sort(shared, {}, [](const PruningGroup& group) { return group.layers.front(); });
  return shared;
}

// Keeps the survivors of a pattern N:M in layers that do not stay whole.
void keep_pattern(std::vector<PruningGroup>& groups, const Granularity& pattern,
                  const std::vector<PrunableLayer>& layers) {
  for (PruningGroup& group : groups) {
    if (group.rate == 0) continue;
    group.survivors = 0;
    for (const std::size_t layer : group.layers) {
      const Shape& shape = layers[layer].shape;
      const std::size_t inputs = shape[1], rest = inputs % pattern.of;
      const std::size_t kept = inputs / pattern.of * pattern.kept + std::min(rest, pattern.kept);
      group.survivors += element_count(shape) / inputs * kept;
    }
  }
}

// Returns the least survivors of all layers of a group together.
std::size_t least_survivors(const PruningGroup& group, const std::vector<PrunableLayer>& layers) {
  std::size_t least = 0;
  for (const std::size_t layer : group.layers)
    least += std::min(group.least, element_count(layers[layer].shape));
  return least;
}

void prune_rounds(std::vector<PruningGroup>& groups, const std::vector<PrunableLayer>& layers,
                  unsigned rounds) {
  for (PruningGroup& group : groups) {
    for (unsigned round = 0; round < rounds; ++round) {
      group.survivors -=
          static_cast<std::size_t>(std::llround(group.rate * static_cast<double>(group.survivors)));
    }
    group.survivors = std::max(group.survivors, least_survivors(group, layers));
  }
}

// Keeps (1 - rate)^rounds of each group's weights, and at least its layers' minimum.
void keep_power(std::vector<PruningGroup>& groups, const std::vector<PrunableLayer>& layers, double rounds) {
  for (PruningGroup& group : groups) {
    const double kept = std::pow(1 - group.rate, rounds) * static_cast<double>(group.weights);
    group.survivors = std::max(static_cast<std::size_t>(std::llround(kept)), least_survivors(group, layers));
  }
}

// Survivors fall as the power rises: halving an interval finds the powers on either side of the wanted
// number.
void keep_density(std::vector<PruningGroup>& groups, const std::vector<PrunableLayer>& layers,
                  double density) {
  constexpr int kHalvings = 60;  // to the last bit of a double
  const double wanted = density * total(groups, &PruningGroup::weights);
  const auto surplus = [&](double rounds) {
    keep_power(groups, layers, rounds);
    return total(groups, &PruningGroup::survivors) - wanted;
  };
  std::size_t least = 0;  // survivors that no round prunes
  for (const PruningGroup& group : groups)
    least += group.rate == 0 ? group.weights : least_survivors(group, layers);
  if (static_cast<double>(least) > wanted) {
    throw ConfigError("--densities: " + std::to_string(density) + " of the weights is less than the " +
                      std::to_string(static_cast<double>(least) / total(groups, &PruningGroup::weights)) +
                      " that layers which stay whole and --min-survivors keep");
  }
  double too_few = 0, enough = 1;  // rounds of pruning
  while (surplus(enough) > 0) enough *= 2;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (too_few + enough) / 2;
    (surplus(middle) > 0 ? too_few : enough) = middle;
  }
  keep_power(groups, layers, surplus(too_few) < -surplus(enough) ? too_few : enough);
}

// Returns the densities of the dense network, and then of the tickets of another run.
std::vector<double> saved_densities(const SearchConfig& config, const Network<float>& network) {
  std::vector<double> densities{1.0};
  for (const std::vector<Mask>& masks :
       fitted_masks(read_saved_tickets(config.from, 0), network, config.from))
    densities.push_back(ltlab::density(masks));
  return densities;
}

}  // namespace

std::string layer_of(const std::string& parameter) {
  return parameter.substr(0, parameter.rfind('.'));
}

std::vector<PrunableLayer> prunable_layers(const std::string& model, const std::vector<Mask>& masks) {
  const std::string output_layer = layer_names(model).back();
  std::vector<PrunableLayer> layers;
  for (const Mask& mask : masks) {
    const std::string layer = layer_of(mask.name);
    layers.push_back({mask.shape, layer == output_layer, layer});
  }
  return layers;
}

std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<PrunableLayer>& layers,
                                     unsigned level) {
  std::vector<PruningGroup> groups = group_layers(config, layers);
  if (level == 0) return groups;
  if (config.granularity.kind == Granularity::Kind::pattern) {
    keep_pattern(groups, config.granularity, layers);
    return groups;
  }
  if (config.densities.empty()) {
    prune_rounds(groups, layers, level);
  } else if (level <= config.densities.size()) {
    keep_density(groups, layers, config.densities[level - 1]);
  } else {
    throw ConfigError("--densities tells " + std::to_string(config.densities.size()) +
                      " levels, and none for level " + std::to_string(level));
  }
  return shares_survivors(config) ? share_survivors(groups, config, layers) : groups;
}

std::vector<double> planned_densities(const SearchConfig& config, const ImageShape& image,
                                      std::size_t classes) {
  const Network<float> network = make_network<float>(config.model, image, classes, 1);
  if (!config.from.empty()) return saved_densities(config, network);
  const std::vector<PrunableLayer> layers = prunable_layers(config.model, full_masks(network));
  const auto density = [&](std::size_t level) {
    const std::vector<PruningGroup> groups = plan_level(config, layers, static_cast<unsigned>(level));
    return total(groups, &PruningGroup::survivors) / total(groups, &PruningGroup::weights);
  };
  std::vector<double> densities{1.0};
  if (!config.densities.empty()) {
    for (std::size_t level = 1; level <= config.densities.size(); ++level)
      densities.push_back(density(level));
    return densities;
  }
  const auto within = [&](std::size_t levels) { return !config.levels || levels <= *config.levels; };
  while (within(densities.size()) && densities.back() > config.target_density) {
    const double next = density(densities.size());
    if (next == densities.back()) break;  // too few weights are left to prune any
    densities.push_back(next);
  }
  return densities;
}

}  // namespace ltlab
