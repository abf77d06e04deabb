#include "ltlab/study/replication.h"

#include <cmath>
#include <span>
#include <variant>

#include "ltlab/base/sha256.h"
#include "ltlab/config/values.h"
#include "ltlab/store/fields.h"
#include "ltlab/store/run_store.h"

namespace ltlab {
namespace {

template <class Array, class Values>
void add_array(const Array& array, const Values& values, Sha256& hash) {
  hash.add_value(std::string_view(array.name));
  for (const auto extent : array.shape) hash.add_value(static_cast<std::uint64_t>(extent));
  hash.add(std::as_bytes(std::span(values)));
}

std::string digest_of(const LevelRecord& level) {
  Sha256 hash;
  for (const Mask& mask : level.masks) add_array(mask, mask.keep, hash);
  for (const Tensor& tensor : level.weights) add_array(tensor, tensor.values, hash);
  return hash.hex();
}

std::map<std::string, double> figures_of(const LevelSummary& level) {
  std::map<std::string, double> figures;
  for (const Field<LevelSummary>& field : fields<LevelSummary>()) {
    const FieldValue value = field.get(level);
    if (const double* number = std::get_if<double>(&value)) figures[field.name] = *number;
    if (const std::uint64_t* count = std::get_if<std::uint64_t>(&value))
      figures[field.name] = static_cast<double>(*count);
  }
  figures.erase("wall_seconds");
  return figures;
}

// Adds the networks of a run, and of the controls inside it.
void trace_run(const std::string& search, const RunStore& store, std::vector<NetworkTrace>& to) {
  const RunRecord run = store.read_run();
  for (const unsigned level : store.levels()) {
    const LevelRecord record = store.read_level(level);
    to.push_back({search, run.branch, run.seed, run.trial, level, figures_of(record), digest_of(record)});
  }
  for (const std::string& member : store.members()) {
    if (!member.starts_with(RunStore::kCopy) && member != "pretraining")
      trace_run(search, RunStore(store.folder() / member), to);
  }
}

}  // namespace

std::string NetworkTrace::name() const {
  return search + ", " + branch + (is_ticket(branch) ? "" : " " + std::to_string(trial)) + ", seed " +
         std::to_string(seed) + ", level " + std::to_string(level);
}

std::vector<NetworkTrace> trace_search(const std::string& name, const std::filesystem::path& folder) {
  std::vector<NetworkTrace> traces;
  for (const RunStore& ticket : RunStore(folder).tickets()) trace_run(name, ticket, traces);
  return traces;
}

ReplicationResult compare_traces(const std::vector<NetworkTrace>& package,
                                 const std::vector<NetworkTrace>& fresh,
                                 const std::map<std::string, double>& tolerances) {
  std::map<std::string, const NetworkTrace*> by_name;
  for (const NetworkTrace& trace : fresh) by_name[trace.name()] = &trace;
  ReplicationResult result;
  result.networks = package.size();
  for (const NetworkTrace& trace : package) {
    const auto found = by_name.find(trace.name());
    if (found == by_name.end()) {
      result.missing.push_back(trace.name());
      continue;
    }
    result.equal += trace.network_sha256 == found->second->network_sha256 ? 1 : 0;
    for (const auto& [figure, tolerance] : tolerances) {
      const double before = trace.figures.at(figure), now = found->second->figures.at(figure);
      const bool both_unknown = std::isnan(before) && std::isnan(now);
      const double apart = both_unknown ? 0 : std::abs(now - before);
      result.apart[figure] = std::max(result.apart[figure], apart);
      if (!(apart <= tolerance))
        result.beyond.push_back(trace.name() + ": " + figure + " " + to_text(before) + " in the package, " +
                                to_text(now) + " now");
    }
  }
  return result;
}

}  // namespace ltlab
