#include "ltlab/store/run_totals.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ltlab {
namespace {

std::vector<RunStore> members_of(const RunStore& store) {
  std::vector<RunStore> members;
  for (const std::string& name : store.members()) {
    if (!name.starts_with(RunStore::kCopy)) members.emplace_back(store.folder() / name);
  }
  return members;
}

void add_levels(const RunStore& store, bool with_members, RunTotals& totals) {
  for (const unsigned level : store.levels()) {
    const RunTotals of_level = read_level_totals(store.level_file(level));
    totals.cost += of_level.cost;
    totals.finished_utc = std::max(totals.finished_utc, of_level.finished_utc);  // ISO 8601 sorts by time
  }
  if (!with_members) return;
  for (const RunStore& member : members_of(store)) add_levels(member, true, totals);
}

void write_totals(RunStore store, const std::optional<RunTotals>& totals) {
  if (store.holds_collection()) {
    CollectionRecord collection = store.read_collection();
    if (std::exchange(collection.totals, totals) != totals) return store.write_collection(collection);
  } else {
    RunRecord run = store.read_run();
    if (std::exchange(run.totals, totals) != totals) return store.write_run(run);
  }
  store.link_members();  // which a killed process may have left undone
}

}  // namespace

RunTotals sum_totals(const RunStore& store) {
  RunTotals totals;
  add_levels(store, store.holds_collection(), totals);
  return totals;
}

void record_totals(const RunStore& store) {
  for (const RunStore& member : members_of(store)) record_totals(member);
  write_totals(store, sum_totals(store));
}

void forget_totals(const RunStore& store) {
  write_totals(store, std::nullopt);
  for (const RunStore& member : members_of(store)) forget_totals(member);
}

}  // namespace ltlab
