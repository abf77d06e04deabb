#include "ltlab/lottery/methods/early_bird.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "ltlab/lottery/methods/methods.h"

namespace ltlab {
namespace {

const char* const kNear = "early-bird/calm";

// Returns what the names of a check's masks begin with, by the number of checks since.
std::string mask_prefix(std::size_t checks) {
  return checks == 0 ? "early-bird/mask/" : "early-bird/mask-" + std::to_string(checks) + "/";
}

// Returns the masks that stand in a memory under such names.
std::vector<Mask> remembered(const std::vector<Tensor>& memory, const std::string& prefix) {
  std::vector<Mask> masks;
  for (const Tensor& tensor : memory) {
    if (!tensor.name.starts_with(prefix)) continue;
    masks.push_back({tensor.name.substr(prefix.size()), tensor.shape, {}});
    for (const float value : tensor.values) masks.back().keep.push_back(value != 0);
  }
  return masks;
}

}  // namespace

unsigned EarlyBird::count_near(const std::vector<Mask>& masks) const {
  const auto is_near = [&](const std::vector<Mask>& earlier) {
    return mask_distance(earlier, masks) < pruning_.config.mask_distance;
  };
  const auto near = static_cast<unsigned>(std::ranges::count_if(last_, is_near));
  if (pruning_.config.settling == Settling::queue) return near;
  return near == 0 ? 0 : near_ + 1;
}

std::vector<Mask> EarlyBird::change(std::uint64_t step, const TrainedWeights& before) {
  std::vector<Mask> masks = pruning_.prune(before, pruning_.plan);
  near_ = step == pruning_.changes.end ? needed() : count_near(masks);
  last_.push_front(masks);
  if (last_.size() > (pruning_.config.settling == Settling::queue ? needed() : 1)) last_.pop_back();
  return is_drawn() ? masks : before.masks;
}

std::vector<Tensor> EarlyBird::memory() const {
  std::vector<Tensor> memory{{kNear, {1}, {static_cast<float>(near_)}}};
  for (std::size_t checks = 0; checks < last_.size(); ++checks) {
    for (const Mask& mask : last_[checks])
      memory.push_back({mask_prefix(checks) + mask.name, mask.shape, {mask.keep.begin(), mask.keep.end()}});
  }
  return memory;
}

void EarlyBird::restore(const std::vector<Tensor>& memory) {
  if (const Tensor* const near = find_named(memory, kNear)) near_ = static_cast<unsigned>(near->values.at(0));
  last_.clear();
  for (std::vector<Mask> masks = remembered(memory, mask_prefix(0)); !masks.empty();
       masks = remembered(memory, mask_prefix(last_.size())))
    last_.push_back(masks);
}

template <>
LevelStart start_level<PruningTime::early_bird>(const Replicate& replicate, unsigned level) {
  LevelStart start = replicate.start_fresh(level, full_masks(replicate.network()));
  start.schedule = std::make_shared<EarlyBird>(pruning_of(replicate, start));
  return start;
}

}  // namespace ltlab
