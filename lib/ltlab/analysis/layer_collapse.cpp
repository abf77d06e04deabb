#include "ltlab/analysis/layer_collapse.h"

#include <algorithm>
#include <map>

#include "ltlab/analysis/run_context.h"

namespace ltlab {
namespace {

void look_at(const LevelRecord& level, const RunContext& context, std::map<unsigned, LayerCollapse>& found) {
  std::set<std::string> empty;
  for (const Mask& mask : level.masks) {
    if (mask.survivors() == 0) empty.insert(mask.name);
  }
  const bool cut = is_cut(level.masks, context.wiring(level));
  if (!cut && empty.empty()) return;
  LayerCollapse& all = found[level.level];
  all.level = level.level;
  all.replicates += cut;
  all.empty.merge(empty);
}

}  // namespace

bool is_cut(const std::vector<Mask>& masks, const std::optional<Wiring>& wiring) {
  const auto is_empty = [](const Mask& mask) { return mask.survivors() == 0; };
  if (!wiring) return std::ranges::any_of(masks, is_empty);
  return std::ranges::all_of(effective_masks(masks, *wiring), is_empty);
}

std::vector<LayerCollapse> layer_collapse(const RunStore& search) {
  std::map<unsigned, LayerCollapse> found;
  for (const RunStore& ticket : search.tickets()) {
    const RunContext context(ticket.folder());
    for (const unsigned level : ticket.levels()) {
      if (level > 0) look_at(ticket.read_level(level), context, found);
    }
  }
  std::vector<LayerCollapse> levels;
  levels.reserve(found.size());
  for (const auto& [level, collapse] : found) levels.push_back(collapse);
  return levels;
}

}  // namespace ltlab
