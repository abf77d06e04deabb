#include "ltlab/lottery/methods/methods.h"

#include <utility>

namespace ltlab {
namespace {

template <std::size_t... kRows>
LevelStart start_by_row(const Replicate& replicate, unsigned level, std::index_sequence<kRows...> /*rows*/) {
  using Start = LevelStart (*)(const Replicate&, unsigned);
  static constexpr Start kStarts[] = {start_level<kPruningTimes[kRows].value>...};
  const PruningTimeKind& row = row_of(kPruningTimes, replicate.config().prune);
  return kStarts[&row - kPruningTimes](replicate, level);
}

}  // namespace

LevelStart start_level(const Replicate& replicate, unsigned level) {
  if (level == 0) return replicate.start_dense();
  if (!replicate.config().from.empty()) return replicate.start_saved(level);
  return start_by_row(replicate, level, std::make_index_sequence<std::size(kPruningTimes)>());
}

PrunedNetwork pruned_network(const Replicate& replicate, unsigned level) {
  const std::optional<unsigned> trained = replicate.config().pruned_level(level);
  if (!trained) return {full_masks(replicate.network()), replicate.run().rewind_weights, {}};
  LevelRecord record = replicate.read_level(*trained);
  return {std::move(record.masks), std::move(record.weights), std::move(record.optimizer)};
}

}  // namespace ltlab
