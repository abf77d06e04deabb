#pragma once

#include "ltlab/store/run_store.h"

namespace ltlab {

/// Sums the levels of the store's run; for a collection, those of all its members and their members, tickets
/// and controls, but no copies. Reads attributes alone, so that the end of a long search does not read all of
/// it again. StoreError where a level cannot be read.
RunTotals sum_totals(const RunStore& store);

/// Writes the totals into run.h5 of the store's folder and of all members: the search has ended. Files that
/// have them already stay untouched.
void record_totals(const RunStore& store);
/// Removes them: the search goes on.
void forget_totals(const RunStore& store);

}  // namespace ltlab
