#pragma once

#include <cstdint>
#include <vector>

#include "ltlab/lottery/mask_schedule.h"
#include "ltlab/lottery/replicate.h"

namespace ltlab {

/// Dynamic sparse training: a sparse network whose masks move while it trains, each layer with a fixed number
/// of weights. Every `every` steps, a fraction of each layer's survivors is dropped, and as many weights
/// grow, from 0 and without an optimizer's state; a dropped weight may grow again at once, and then goes on
/// as it was. The method decides which weights are dropped and which grow, and may change the fraction as it
/// goes.
class DynamicSparseTraining : public MaskSchedule {
 public:
  DynamicSparseTraining(double fraction, MaskChanges changes) : fraction_(fraction), changes_(changes) {}

  bool changes_at(std::uint64_t step) const override;
  std::vector<Mask> change(std::uint64_t step, const TrainedWeights& before) override;

  /// Returns the fraction of the survivors dropped at `step`.
  virtual double drop_fraction(std::uint64_t /*step*/) const { return fraction_; }

 protected:
  const MaskChanges& changes() const { return changes_; }
  /// Returns which survivors of the mask are dropped at `step`: the fraction, rounded down, of least
  /// magnitude.
  virtual std::vector<std::uint32_t> dropped(const Mask& mask, std::uint64_t step,
                                             const Tensor& weights) const;

 private:
  /// Returns one score per weight of the mask; the pruned weights with the highest scores grow.
  virtual std::vector<float> growth_scores(const Mask& mask, std::uint64_t step,
                                           const TrainedWeights& before) const = 0;

  double fraction_;
  MaskChanges changes_;
};

/// Returns |w| of each weight.
std::vector<float> magnitudes(const Tensor& tensor);

/// Returns a random sparse network of the level's plan, whose masks will move.
LevelStart start_sparse(const Replicate& replicate, unsigned level);

}  // namespace ltlab
