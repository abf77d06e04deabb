#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ltlab/base/names.h"
#include "ltlab/base/random.h"
#include "ltlab/prune/granularity.h"
#include "ltlab/prune/mask.h"

namespace ltlab {

/// How the survivors are shared among layers.
enum class PruningScope {
  layerwise,  ///< each layer has its rate, and its weights compete with each other
  global,     ///< the weights of all layers that are pruned at the same rate compete
  uniform,    ///< each layer has the same density
  erk         ///< each layer has its density of Erdős–Rényi-Kernel: keep_by_erdos_renyi()
};

/// layerwise | global | uniform | erk
inline const NameTable<PruningScope>& pruning_scope_names() {
  static const NameTable<PruningScope> table("pruning scope", {{PruningScope::layerwise, "layerwise"},
                                                               {PruningScope::global, "global"},
                                                               {PruningScope::uniform, "uniform"},
                                                               {PruningScope::erk, "erk"}});
  return table;
}

/// One array of weights to be pruned.
struct PruningCandidate {
  Mask mask;
  std::vector<double> scores;  ///< one a weight, row-major; the lowest go first
};

/// Candidates, by their places, whose weights compete with each other, and how many weights survive.
struct Quota {
  std::vector<std::size_t> candidates;
  std::size_t survivors = 0;
  std::size_t least = 0;  ///< survivors that each candidate keeps, or all if it has fewer
};

/// Prunes the survivors of lowest score among each quota's candidates until as many are left as it demands;
/// of equal scores the earlier one goes first. Groups of weights that the granularity takes together go in
/// the order of their mean scores over their survivors (Mao et al. 2017, arXiv 1705.08922, section 3, where
/// equal sizes let the sum do), until the next one would lead away from the quota. Groups that would leave a
/// candidate fewer survivors than the quota's least are passed over.
///
/// A pattern N:M has no other density than its own: the N highest scores of each run survive, whatever the
/// quotas demand. Candidates without a quota stay as they are. The new masks are nested in the old, in the
/// candidates' order. NumericError for a survivor's score that is not finite.
std::vector<Mask> prune_by_score(const std::vector<PruningCandidate>& candidates,
                                 const std::vector<Quota>& quotas, const Granularity& granularity);

/// Returns the `count` of these weights that have the lowest scores, of which there is one for each weight of
/// their array; of equal scores the earlier one's. `count` is at most their number.
std::vector<std::uint32_t> lowest(std::vector<std::uint32_t> weights, const std::vector<float>& scores,
                                  std::size_t count);

/// Returns a mask of as many survivors: these are dropped, and as many grow of all weights that are then
/// pruned, including those just dropped (Evci et al. 2020, arXiv 1911.11134, section 3, steps 3 and 4): the
/// ones with the highest of `growth`, one score a weight; of equal ones the earlier.
Mask drop_and_grow(const Mask& mask, const std::vector<std::uint32_t>& dropped,
                   const std::vector<float>& growth);

/// Returns a mask with that many survivors, at random places.
Mask draw_mask(const std::string& name, const Shape& shape, std::size_t survivors, RandomStream random);
/// Returns, as a control, masks with as many survivors in each parameter as `masks`, at random places.
std::vector<Mask> random_masks(const std::vector<Mask>& masks, std::uint64_t seed, std::uint64_t level,
                               std::uint64_t trial);
/// Returns masks with as many survivors as `masks` in all parameters together, at random places in any.
std::vector<Mask> random_masks_of_network(const std::vector<Mask>& masks, std::uint64_t seed,
                                          std::uint64_t level, std::uint64_t trial);

}  // namespace ltlab
