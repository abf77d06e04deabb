#include "ltlab/lottery/methods/early_bird.h"

#include <memory>
#include <utility>

#include "ltlab/lottery/methods/methods.h"

namespace ltlab {
namespace {

const char* const kMask = "early-bird/mask/";
const char* const kCalm = "early-bird/calm";

}  // namespace

std::vector<Mask> EarlyBird::change(std::uint64_t step, const TrainedWeights& before) {
  std::vector<Mask> masks = pruning_.prune(before, pruning_.plan);
  const bool calm = !last_.empty() && mask_distance(last_, masks) < pruning_.config.mask_distance;
  calm_ = calm ? calm_ + 1 : 0;
  if (step == pruning_.changes.end) calm_ = kSettled;
  last_ = masks;
  return is_drawn() ? masks : before.masks;
}

std::vector<Tensor> EarlyBird::memory() const {
  std::vector<Tensor> memory{{kCalm, {1}, {static_cast<float>(calm_)}}};
  for (const Mask& mask : last_)
    memory.push_back({kMask + mask.name, mask.shape, {mask.keep.begin(), mask.keep.end()}});
  return memory;
}

void EarlyBird::restore(const std::vector<Tensor>& memory) {
  const std::string prefix = kMask;
  last_.clear();
  for (const Tensor& tensor : memory) {
    if (tensor.name == kCalm) calm_ = static_cast<unsigned>(tensor.values.at(0));
    if (!tensor.name.starts_with(prefix)) continue;
    last_.push_back({tensor.name.substr(prefix.size()), tensor.shape, {}});
    for (const float value : tensor.values) last_.back().keep.push_back(value != 0);
  }
}

template <>
LevelStart start_level<PruningTime::early_bird>(const Replicate& replicate, unsigned level) {
  LevelStart start = replicate.start_fresh(level, full_masks(replicate.network()));
  start.schedule = std::make_shared<EarlyBird>(pruning_of(replicate, start));
  return start;
}

}  // namespace ltlab
