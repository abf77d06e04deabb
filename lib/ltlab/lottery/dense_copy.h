#pragma once

#include "ltlab/config/search_config.h"
#include "ltlab/store/run_store.h"

namespace ltlab {

/// Begins a replicate of a search of `config` in the folder of `to` with the dense network that the replicate
/// `from` of another search has trained, where both train the same one bit by bit: their settings differ only
/// in how they prune. Returns whether it did; it does nothing where `to` holds a run already, where `from`
/// has not trained its dense network, and with pretraining. StoreError, IoError as from the store.
bool copy_dense(const RunStore& from, RunStore to, const SearchConfig& config);

}  // namespace ltlab
