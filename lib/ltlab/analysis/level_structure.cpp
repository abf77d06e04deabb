#include "ltlab/analysis/level_structure.h"

#include <algorithm>
#include <array>

#include "ltlab/base/error.h"
#include "ltlab/config/config_text.h"

namespace ltlab {
namespace {

void report_weights(const Mask& mask, const Tensor* before, const Tensor* after, LayerReport& layer) {
  if (before) layer.before = weight_statistics(mask, *before);
  if (after) layer.after = weight_statistics(mask, *after);
  if (before && after) layer.signs_kept = sign_agreement(mask, *before, *after);
}

std::size_t lost(const Mask& before, const Mask& mask) {
  if (before.shape != mask.shape)
    throw StoreError("'" + mask.name + "' has another shape than at the level before");
  std::size_t count = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) count += before.keep[i] && !mask.keep[i];
  return count;
}

// Returns whether a level's masks lost the least of the weights that the level before trained. Other scores,
// granularities and times of pruning take weights of any magnitude; an import is assumed to prune so.
bool prunes_by_magnitude(const RunContext& context) {
  const std::string config = context.run() ? context.run()->config : "";
  return std::ranges::none_of(std::array{"prune", "score", "granularity", "from"},
                              [&](const char* name) { return setting(config, name).has_value(); });
}

void report_pruning(const Mask& mask, const LevelRecord& before, bool by_magnitude, LayerReport& layer) {
  const Mask* mask_before = find_named(before.masks, mask.name);
  const Tensor* trained = find_named(before.weights, mask.name);
  if (!mask_before) throw StoreError("the level before has no mask of '" + mask.name + "'");
  layer.pruned = lost(*mask_before, mask);
  if (trained && by_magnitude) layer.threshold = pruning_threshold(*mask_before, *trained, mask);
}

// Returns whether each level is pruned from the one before: a control's masks are its ticket's, or drawn.
bool levels_nest(const RunContext& context) {
  return !context.run() || is_ticket(context.run()->branch);
}

}  // namespace

std::optional<std::size_t> LevelReport::dead_neurons() const {
  std::size_t dead = 0;
  for (const LayerReport& layer : layers) {
    if (!layer.structure.dead_neurons) return std::nullopt;
    dead += *layer.structure.dead_neurons;
  }
  return dead;
}

std::optional<double> LevelReport::effective_density() const {
  std::size_t survivors = 0, weights = 0;
  for (const LayerReport& layer : layers) {
    if (!layer.structure.effective_survivors) return std::nullopt;
    survivors += *layer.structure.effective_survivors;
    weights += layer.structure.size;
  }
  return weights == 0 ? 0.0 : static_cast<double>(survivors) / static_cast<double>(weights);
}

LevelReport report_level(const LevelRecord& level, const LevelRecord* before, const RunContext& context) {
  LevelReport report{level, {}};
  const std::vector<LayerStructure> structures = mask_structure(level.masks, context.wiring(level));
  const std::vector<Tensor>& initial = context.initial_weights(level);
  const bool by_magnitude = prunes_by_magnitude(context);
  for (std::size_t l = 0; l < structures.size(); ++l) {
    const Mask& mask = level.masks[l];
    LayerReport layer;
    layer.structure = structures[l];
    report_weights(mask, find_named(initial, mask.name), find_named(level.weights, mask.name), layer);
    if (before) report_pruning(mask, *before, by_magnitude, layer);
    report.layers.push_back(std::move(layer));
  }
  return report;
}

LevelReporter::LevelReporter(const RunStore& store)
    : store_(store), context_(store.folder()), nests_(levels_nest(context_)) {}

LevelReport LevelReporter::report(const std::filesystem::path& file) {
  LevelRecord level = read_level_file(file);
  const bool pruned = nests_ && level.level > 0;
  if (pruned && (!record_ || record_->level + 1 != level.level)) {
    record_.reset();
    if (store_.has_level(level.level - 1)) record_ = store_.read_level(level.level - 1);
  }
  LevelReport report = report_level(level, pruned && record_ ? &*record_ : nullptr, context_);
  record_ = std::move(level);
  return report;
}

}  // namespace ltlab
