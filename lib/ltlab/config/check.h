#pragma once

#include "ltlab/config/search_config.h"

namespace ltlab {

/// Throws ConfigError for values that make no sense, naming the command-line option. It compares steps with
/// each other only where none is still in epochs.
void check(const SearchConfig& config);

/// Returns the config, checked, with all epochs converted to steps: of `training_images` for the search, and
/// of `pretraining_images` for the length of its pretraining.
SearchConfig in_steps(SearchConfig config, std::size_t training_images, std::size_t pretraining_images);

}  // namespace ltlab
