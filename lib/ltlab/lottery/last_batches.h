#pragma once

#include "ltlab/config/search_config.h"

namespace ltlab {

/// Throws ConfigError where batch norm would meet a batch of one image with one position, whose variance
/// there is none, as the last of an epoch or of those that a score sees: which of a search's options to
/// change. The config is in steps; `pretraining` may be null where it does not pretrain.
void check_last_batches(const SearchConfig& config, const Dataset& dataset, const Dataset* pretraining);

}  // namespace ltlab
