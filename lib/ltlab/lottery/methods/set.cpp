#include "ltlab/lottery/methods/set.h"

#include <memory>

#include "ltlab/base/random.h"
#include "ltlab/lottery/methods/methods.h"

namespace ltlab {

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
                                         replicate.run().seed, level);
  return start;
}

}  // namespace ltlab
