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

/// How the masks of a network change while it trains: by the step, by what it is given, and by what it
/// remembers of changes before, so that a training that is gone on with takes the same course.
class MaskSchedule {
 public:
  virtual ~MaskSchedule() = default;
  /// Whether the masks change once `step` steps are done.
  virtual bool changes_at(std::uint64_t step) const = 0;
  /// Whether a change looks at gradients. The step before it then has no update, as its batch is spent on
  /// them.
  virtual bool sees_gradients() const = 0;
  /// The masks from `step` on, in the order of those before; where they are the same, nothing has changed.
  virtual std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) = 0;
  /// What a change of such masks costs beyond the steps and gradients of training.
  virtual double flops_of_change(const std::vector<Mask>& /*before*/) const { return 0; }

  /// What it remembers, for a checkpoint, by names that no other arrays of one have.
  virtual std::vector<Tensor> memory() const { return {}; }
  /// Takes up what memory() told, from among all arrays of a checkpoint.
  virtual void restore(const std::vector<Tensor>& /*arrays*/) {}
};

}  // namespace ltlab
