#pragma once

#include "ltlab/lottery/methods/dynamic_sparse_training.h"

namespace ltlab {

/// SET (Mocanu et al. 2018, arXiv 1707.04780, algorithm 1): the fraction is constant, and the weights that
/// grow are drawn. In the paper masks change after each epoch until the end, and new weights are drawn; here
/// they change and begin as in RigL, whose paper compares both so.
class Set final : public DynamicSparseTraining {
 public:
  /// (seed, level) names what is drawn.
  Set(double fraction, MaskChanges changes, std::uint64_t seed, unsigned level)
      : DynamicSparseTraining(fraction, changes), seed_(seed), level_(level) {}

 private:
  std::vector<float> growth_scores(const Mask& mask, std::uint64_t step,
                                   const TrainedWeights& before) const override;

  std::uint64_t seed_;
  unsigned level_;
};

}  // namespace ltlab
