#include "ltlab/config/search_config.h"

#include <algorithm>

#include "ltlab/data/sources.h"
#include "ltlab/data/user_arrays.h"

namespace ltlab {

std::optional<unsigned> SearchConfig::pruned_level(unsigned level) const {
  if (level == 0 || !from.empty()) return std::nullopt;
  switch (pruned_weights()) {
    case PrunedWeights::of_level_before:
      return level - 1;
    case PrunedWeights::of_dense_network:
      return 0;
    case PrunedWeights::of_rewind_step:
    case PrunedWeights::in_training:
    case PrunedWeights::none:
      break;
  }
  return std::nullopt;
}

std::optional<unsigned> SearchConfig::level_before(unsigned level) const {
  const std::optional<unsigned> pruned = pruned_level(level);
  const bool rewinds = level > 0 && !rewind_step.none();
  return pruned || !rewinds ? pruned : std::optional(0u);
}

double SearchConfig::rate_of(const std::string& layer, const Shape& weights, bool output_layer) const {
  if (output_layer && granularity.kind == Granularity::Kind::neuron) return 0;
  if (const auto found = layer_rates.find(layer); found != layer_rates.end()) return found->second;
  if (output_layer) return rate_of_output_layer();
  return weights.size() == 4 ? convolution_rate.value_or(rate) : rate;
}

std::uint64_t SearchConfig::steps_of(unsigned level) const {
  if (level == 0) return dense_steps.value_or(training.steps);
  if (level_steps.empty()) return training.steps;
  return level_steps[std::min<std::size_t>(level, level_steps.size()) - 1];
}

MaskChanges mask_changes(const SearchConfig& c, std::uint64_t steps) {
  const std::uint64_t planned = c.training.steps;
  const std::uint64_t quarters = row_of(kPruningTimes, c.prune).quarters_before_changes;
  const std::uint64_t begin = c.prune_begin.value_or(quarters * planned / 4);
  const std::uint64_t end = c.prune_end.value_or(planned - planned / 4);
  const auto stretched = [&](std::uint64_t step) { return step * steps / planned; };
  MaskChanges changes{stretched(begin), stretched(end), c.prune_every};
  if (begin < end) changes.end = std::max(changes.end, changes.begin + 1);  // compressed, but still apart
  return changes;
}

DatasetOptions pretraining_data(const SearchConfig& c) {
  DatasetOptions data = c.data;
  if (!c.pretraining.source.empty()) {
    data.source = c.pretraining.source;
    data.label_noise = 0;
  }
  // The folder of a user's arrays need not be that of published data.
  if (is_user_arrays(c.data.source) && !is_user_arrays(data.source) &&
      !holds_data(data.directory, data.source))
    data.directory.clear();
  data.random_labels = c.pretraining.random_labels;
  return data;
}

}  // namespace ltlab
