#include "ltlab/lottery/methods/set.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "ltlab/base/random.h"
#include "ltlab/lottery/methods/methods.h"
#include "ltlab/prune/pruning.h"

namespace ltlab {

std::vector<std::uint32_t> Set::dropped(const Mask& mask, std::uint64_t step, const Tensor& weights) const {
  if (drops_ == SetDrops::magnitude) return DynamicSparseTraining::dropped(mask, step, weights);
  std::vector<std::uint32_t> dropped, positive, negative;
  for (const std::uint32_t i : places_of(mask, 1)) {
    const float weight = weights.values[i];
    (weight > 0 ? positive : weight < 0 ? negative : dropped).push_back(i);
  }
  const std::vector<float> distances = magnitudes(weights);
  const auto drop_closest = [&](std::vector<std::uint32_t> of_sign) {
    const auto count = static_cast<std::size_t>(drop_fraction(step) * static_cast<double>(of_sign.size()));
    std::ranges::move(lowest(std::move(of_sign), distances, count), std::back_inserter(dropped));
  };
  drop_closest(std::move(positive));
  drop_closest(std::move(negative));
  return dropped;
}

std::vector<float> Set::growth_scores(const Mask& mask, std::uint64_t step,
                                      const TrainedWeights& /*before*/) const {
  RandomStream random({seed_, "set/" + mask.name, level_, step});
  std::vector<float> scores(mask.size());
  for (float& score : scores) score = static_cast<float>(random.uniform());
  return scores;
}

template <>
LevelStart start_level<PruningTime::set>(const Replicate& replicate, unsigned level) {
  LevelStart start = start_sparse(replicate, level);
  start.schedule = std::make_shared<Set>(replicate.config().drop_fraction,
                                         mask_changes(replicate.config(), start.training.steps),
                                         replicate.config().set_drops, replicate.seeds().mask, level);
  return start;
}

}  // namespace ltlab
