#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/prune/mask.h"

namespace ltlab {

/// The weights that a change of masks looks at, dense and zero where pruned.
struct TrainedWeights {
  std::vector<Mask> masks;        ///< of the parameters that may be pruned
  std::vector<Tensor> weights;    ///< all arrays
  std::vector<Tensor> gradients;  ///< of all weights, pruned ones too; empty unless the schedule sees them
};

/// How the masks of a network change while it trains. It depends on the step, on its input, and on what it
/// remembers of earlier changes, so that a resumed training takes the same course.
class MaskSchedule {
 public:
  virtual ~MaskSchedule() = default;
  /// Returns whether the masks change once `step` steps are done.
  virtual bool changes_at(std::uint64_t step) const = 0;
  /// Returns whether a change looks at gradients. The step before it then has no update, as its batch is
  /// spent on them.
  virtual bool sees_gradients() const { return false; }
  /// Returns the masks from `step` on, in the order of those before; equal ones mean no change.
  virtual std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) = 0;
  /// Returns what a change of such masks costs beyond the steps and gradients of training.
  virtual double flops_of_change(const std::vector<Mask>& /*before*/) const { return 0; }

  /// Returns its memory, for a checkpoint, under names that no other arrays of one have.
  virtual std::vector<Tensor> memory() const { return {}; }
  /// Restores what memory() returned, from among all arrays of a checkpoint.
  virtual void restore(const std::vector<Tensor>& /*arrays*/) {}
};

}  // namespace ltlab
