#pragma once

#include "ltlab/lottery/methods/dynamic_sparse_training.h"

namespace ltlab {

/// RigL (Evci et al. 2020, arXiv 1911.11134, algorithm 1): at step t the fraction a/2 (1 + cos(t pi / end))
/// is dropped, rounded down to whole weights, and the weights with the greatest gradients in magnitude grow.
/// The gradients are those of the step's own batch, which brings no update.
class RigL final : public DynamicSparseTraining {
 public:
  using DynamicSparseTraining::DynamicSparseTraining;  // its fraction is a

  bool sees_gradients() const override { return true; }
  double drop_fraction(std::uint64_t step) const override;

 private:
  std::vector<float> growth_scores(const Mask& mask, std::uint64_t step,
                                   const TrainedWeights& before) const override;
};

}  // namespace ltlab
