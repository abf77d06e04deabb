#pragma once

#include "ltlab/config/search_config.h"

namespace ltlab {

/// Throws ConfigError for values that make no sense, naming the option of the command line. How steps compare
/// with each other it looks at only where none is still in epochs.
void check(const SearchConfig& config);

/// The config with all epochs told in steps, of `training_images` for the search and of `pretraining_images`
/// for the length of its pretraining, and checked.
SearchConfig in_steps(SearchConfig config, std::size_t training_images, std::size_t pretraining_images);

}  // namespace ltlab
