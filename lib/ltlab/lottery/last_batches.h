#pragma once

#include "ltlab/config/search_config.h"

namespace ltlab {

/// Throws ConfigError, naming the options to change, where batch norm would meet a batch of one image with
/// one position, which has no variance, as the last batch of an epoch or of a score's images. The config is
/// in steps; `pretraining` may be null where it does not pretrain.
void check_last_batches(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining);

}  // namespace ltlab
