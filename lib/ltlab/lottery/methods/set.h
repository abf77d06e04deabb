#pragma once

#include "ltlab/lottery/methods/dynamic_sparse_training.h"

namespace ltlab {

/// SET (Mocanu et al. 2018, arXiv 1707.04780, algorithm 1): the fraction is constant, and the weights that
/// grow are drawn. By SetDrops::by_sign the fraction of the positive and that of the negative survivors is
/// dropped, each rounded down, those closest to zero; and, as in the authors' code, every survivor that is 0.
/// By SetDrops::magnitude the fraction of least magnitude is, as in the SET of Evci et al. 2020 (arXiv
/// 1911.11134, section 3).
///
/// In the paper masks change after each epoch until the end, and new weights are drawn; here they change when
/// RigL's do and begin at 0, as in RigL's paper, which compares both so.
class Set final : public DynamicSparseTraining {
 public:
  /// (seed, level) names what is drawn.
  Set(double fraction, MaskChanges changes, SetDrops drops, std::uint64_t seed, unsigned level)
      : DynamicSparseTraining(fraction, changes), drops_(drops), seed_(seed), level_(level) {}

 private:
  std::vector<std::uint32_t> dropped(const Mask& mask, std::uint64_t step,
                                     const Tensor& weights) const override;
  std::vector<float> growth_scores(const Mask& mask, std::uint64_t step,
                                   const TrainedWeights& before) const override;

  SetDrops drops_;
  std::uint64_t seed_;
  unsigned level_;
};

}  // namespace ltlab
