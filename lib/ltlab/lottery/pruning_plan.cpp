#include "ltlab/lottery/pruning_plan.h"

#include <algorithm>
#include <cmath>

#include "ltlab/base/error.h"
#include "ltlab/nn/models.h"

namespace ltlab {
namespace {

std::size_t survivors_of(const std::vector<PruningGroup>& groups) {
  std::size_t survivors = 0;
  for (const PruningGroup& group : groups) survivors += group.survivors;
  return survivors;
}

std::size_t weights_of(const std::vector<PruningGroup>& groups) {
  std::size_t weights = 0;
  for (const PruningGroup& group : groups) weights += group.weights;
  return weights;
}

// Under the global scope layers of one rate compete, and all do where a density is asked for.
std::vector<PruningGroup> group_layers(const SearchConfig& config, const std::vector<PrunableLayer>& layers) {
  const bool by_rate = config.densities.empty();
  const SearchConfig rates = by_rate ? config : SearchConfig();
  std::vector<PruningGroup> groups;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double rate = rates.rate_of(layers[i].shape, layers[i].output_layer);
    const auto competes = [&](const PruningGroup& group) { return !by_rate || group.rate == rate; };
    auto group = config.scope == PruningScope::global ? std::ranges::find_if(groups, competes) : groups.end();
    if (group == groups.end()) group = groups.insert(groups.end(), PruningGroup{{}, 0, rate, 0});
    group->layers.push_back(i);
    group->weights += element_count(layers[i].shape);
  }
  for (PruningGroup& group : groups) group.survivors = group.weights;
  return groups;
}

void prune_rounds(std::vector<PruningGroup>& groups, unsigned rounds) {
  for (PruningGroup& group : groups) {
    for (unsigned round = 0; round < rounds; ++round) {
      group.survivors -=
          static_cast<std::size_t>(std::llround(group.rate * static_cast<double>(group.survivors)));
    }
  }
}

// Each group keeps (1 - rate)^rounds of its weights.
void keep_power(std::vector<PruningGroup>& groups, double rounds) {
  for (PruningGroup& group : groups) {
    const double kept = std::pow(1 - group.rate, rounds) * static_cast<double>(group.weights);
    group.survivors = static_cast<std::size_t>(std::llround(kept));
  }
}

// Survivors fall as the power rises: halving an interval finds the powers on either side of the wanted
// number.
void keep_density(std::vector<PruningGroup>& groups, double density) {
  constexpr int kHalvings = 60;  // to the last bit of a double
  const double wanted = density * static_cast<double>(weights_of(groups));
  const auto surplus = [&](double rounds) {
    keep_power(groups, rounds);
    return static_cast<double>(survivors_of(groups)) - wanted;
  };
  double too_few = 0, enough = 1;  // rounds of pruning
  while (surplus(enough) > 0) enough *= 2;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (too_few + enough) / 2;
    (surplus(middle) > 0 ? too_few : enough) = middle;
  }
  keep_power(groups, surplus(too_few) < -surplus(enough) ? too_few : enough);
}

std::vector<PrunableLayer> prunable_layers(const SearchConfig& config, const ImageShape& image,
                                           std::size_t classes) {
  const Network<float> network = make_network<float>(config.model, image, classes, 1);
  std::vector<PrunableLayer> layers;
  for (const Parameter<float>* parameter : network.parameters()) {
    const ParameterInfo& info = parameter->info();
    if (info.prunable) layers.push_back({info.shape, info.output_layer});
  }
  return layers;
}

}  // namespace

std::vector<PruningGroup> plan_level(const SearchConfig& config, const std::vector<PrunableLayer>& layers,
                                     unsigned level) {
  std::vector<PruningGroup> groups = group_layers(config, layers);
  if (level == 0) return groups;
  if (config.densities.empty()) {
    prune_rounds(groups, level);
  } else if (level <= config.densities.size()) {
    keep_density(groups, config.densities[level - 1]);
  } else {
    throw ConfigError("--densities tells " + std::to_string(config.densities.size()) +
                      " levels, and none for level " + std::to_string(level));
  }
  return groups;
}

std::vector<double> planned_densities(const SearchConfig& config, const ImageShape& image,
                                      std::size_t classes) {
  const std::vector<PrunableLayer> layers = prunable_layers(config, image, classes);
  const auto density = [&](std::size_t level) {
    const std::vector<PruningGroup> groups = plan_level(config, layers, static_cast<unsigned>(level));
    return static_cast<double>(survivors_of(groups)) / static_cast<double>(weights_of(groups));
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

std::optional<unsigned> level_before(const SearchConfig& config, unsigned level) {
  if (level == 0) return std::nullopt;
  switch (config.pruning_time) {
    case PruningTime::after_training:
      return level - 1;
    case PruningTime::one_shot:
      return 0;
    case PruningTime::before_training:
      // The rewind step is one of level 0's training.
      return config.rewind_step.none() ? std::nullopt : std::optional(0u);
    default:
      return std::nullopt;
  }
}

}  // namespace ltlab
