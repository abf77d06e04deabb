#pragma once

#include <string>
#include <vector>

#include "ltlab/lottery/search_config.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// The masks of the level after `before`: magnitude pruning of the weights trained there, at the config's
/// rates and in its scope. StoreError where a mask has no weights of its shape.
std::vector<Mask> prune(const LevelRecord& before, const SearchConfig& config);

/// Whether `level` of a ticket, which came after `before`, has the masks that its run's config says: a line
/// for each layer that differs, "mask/fc1.weight: ...". Pass it to verify(). StoreError, ConfigError where
/// the config does not tell.
std::vector<std::string> pruning_faults(const RunRecord& run, const LevelRecord& before,
                                        const LevelRecord& level);

}  // namespace ltlab
