#pragma once

#include <vector>

#include "ltlab/config/search_config.h"

namespace ltlab {

/// A search that fits its data: its config is checked, with all epochs converted to steps, and its levels are
/// planned.
struct PlannedSearch {
  SearchConfig config;
  std::vector<double> densities;  ///< of levels 0, 1, ...

  unsigned last_level() const { return static_cast<unsigned>(densities.size() - 1); }
};

/// Plans a search on `dataset`, pretrained on `pretraining`, which may be null where the config does not
/// pretrain. ConfigError, naming the option, where a setting makes no sense or does not fit the data.
PlannedSearch plan_search(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining);

}  // namespace ltlab
