#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ltlab/analysis/wiring.h"
#include "ltlab/store/run_store.h"

namespace ltlab {

/// Layer collapse at one level: pruning takes all of a layer's weights while others keep theirs, so that
/// nothing can be trained (Tanaka et al. 2020, arXiv 2006.05467, section 3).
struct LayerCollapse {
  unsigned level = 0;
  std::size_t replicates = 0;   ///< whose tickets have no path of weights from an input to an output
  std::set<std::string> empty;  ///< the layers without a weight in any replicate's ticket; shortcuts may lead
                                ///< around them
};

/// Returns whether masks leave no path from an input to an output: an effective density of 0. Empty where the
/// wiring is not known and no layer is empty.
bool is_cut(const std::vector<Mask>& masks, const std::optional<Wiring>& wiring);

/// Returns the levels with a cut ticket or an empty layer, ascending, of a search's folder: a run, or a
/// collection of replicates. Reads the tickets' levels. StoreError, IoError as from the store.
std::vector<LayerCollapse> layer_collapse(const RunStore& search);

}  // namespace ltlab
