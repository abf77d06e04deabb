#include "ltlab/lottery/transfer.h"

#include "ltlab/base/error.h"
#include "ltlab/store/run_store.h"

namespace ltlab {
namespace {

namespace fs = std::filesystem;

// Returns the weights where a run's levels started; for a control, its ticket's. Empty where neither has
// them.
std::vector<Tensor> starting_weights(const fs::path& folder) {
  const RunStore store(folder);
  if (!store.has_run() || store.holds_collection()) return {};
  RunRecord run = store.read_run();
  if (!run.rewind_weights.empty()) return run.rewind_weights;
  if (!run.init_weights.empty()) return run.init_weights;
  if (is_ticket(run.branch)) return {};
  return starting_weights(fs::weakly_canonical(folder).parent_path());
}

SavedTickets read_one_level(const fs::path& file) {
  LevelRecord level = read_level_file(file);
  std::vector<Tensor> weights = std::move(level.initial_weights);
  if (weights.empty()) weights = starting_weights(fs::absolute(file).parent_path());
  return {{std::move(level.masks)}, std::move(weights)};
}

SavedTickets read_pruned_levels(const RunStore& store) {
  SavedTickets tickets{{}, starting_weights(store.folder())};
  for (const unsigned number : store.levels()) {
    LevelRecord level = store.read_level(number);
    if (level.density == 1) continue;
    if (!level.initial_weights.empty()) {
      throw ConfigError("--from: each level of '" + store.folder().string() +
                        "' starts from weights of its own: give one, " + store.level_path(number).string());
    }
    tickets.masks.push_back(std::move(level.masks));
  }
  if (tickets.masks.empty())
    throw ConfigError("--from: '" + store.folder().string() + "' holds no pruned level");
  return tickets;
}

Mask fitted_mask(const std::vector<Mask>& masks, const ParameterInfo& parameter, const std::string& run) {
  const Mask* mask = find_named(masks, parameter.name);
  if (mask && mask->shape == parameter.shape) return *mask;
  if (mask && parameter.output_layer) return full_mask(parameter.name, parameter.shape);
  throw ConfigError("--from: '" + run + "' has " +
                    (mask ? "a mask of " + extents_text(mask->shape) : std::string("no mask")) + " for " +
                    parameter.name + ", which is " + extents_text(parameter.shape) +
                    " in this search's model: choose the --model of the run");
}

void require_all_known(const std::vector<Mask>& masks, const std::vector<Mask>& fitted,
                       const std::string& run) {
  for (const Mask& mask : masks) {
    if (find_named(fitted, mask.name)) continue;
    throw ConfigError("--from: '" + run + "' has a mask for " + mask.name +
                      ", which this search's model lacks: choose the --model of the run");
  }
}

}  // namespace

SavedTickets read_saved_tickets(const fs::path& run, unsigned replicate) {
  if (!fs::exists(run))
    throw ConfigError("--from: there is no '" + run.string() + "': give a run's folder, or a level's file");
  if (!fs::is_directory(run)) return read_one_level(run);
  const RunStore store(run);
  if (!store.has_run() || !store.holds_collection()) return read_pruned_levels(store);
  return read_pruned_levels(RunStore(run / ("replicate-" + std::to_string(replicate))));
}

bool starts_masked(const SavedTickets& tickets) {
  std::size_t pruned = 0;
  for (const Mask& mask : tickets.masks.front()) {
    const Tensor* weights = find_named(tickets.weights, mask.name);
    if (!weights || weights->shape != mask.shape) continue;
    for (std::size_t i = 0; i < mask.size(); ++i) {
      if (mask.keep[i]) continue;
      if (weights->values[i] != 0) return false;
      ++pruned;
    }
  }
  return pruned > 0;
}

std::vector<std::vector<Mask>> fitted_masks(const SavedTickets& tickets, const Network<float>& network,
                                            const std::string& run) {
  std::vector<std::vector<Mask>> fitted;
  for (const std::vector<Mask>& masks : tickets.masks) {
    std::vector<Mask>& level = fitted.emplace_back();
    for (const Parameter<float>* parameter : network.parameters()) {
      if (parameter->info().prunable) level.push_back(fitted_mask(masks, parameter->info(), run));
    }
    require_all_known(masks, level, run);
  }
  return fitted;
}

}  // namespace ltlab
