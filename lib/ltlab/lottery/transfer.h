#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/nn/network.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// Tickets of another run, to be trained with other data, another optimizer or seed (Morcos et al. 2019,
/// arXiv 1906.02773, section 3: they take their initialization with them).
struct SavedTickets {
  std::vector<std::vector<Mask>> masks;  ///< of each ticket, densest first
  std::vector<Tensor> weights;           ///< that all start from; empty where the run has none
};

/// Reads the pruned levels of a run, or one level by its file; in a folder of replicates, those of
/// replicate-`replicate`. The weights are those of the run's rewind step, where its levels started.
/// ConfigError where there is no pruned level, or its levels start from different weights; StoreError,
/// IoError as from the files.
SavedTickets read_saved_tickets(const std::filesystem::path& run, unsigned replicate);

/// Returns whether the weights that tickets start from are zero wherever the first of them prunes: those of a
/// dense network are lost.
bool starts_masked(const SavedTickets& tickets);

/// Returns the same tickets in the order of the network's parameters. An output layer of another shape, for
/// other classes, has full masks. ConfigError, naming `run`, where another layer of the two differs.
std::vector<std::vector<Mask>> fitted_masks(const SavedTickets& tickets, const Network<float>& network,
                                            const std::string& run);

}  // namespace ltlab
