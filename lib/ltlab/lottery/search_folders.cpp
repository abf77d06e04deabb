#include "ltlab/lottery/search_folders.h"

#include <set>

#include "ltlab/base/error.h"
#include "ltlab/base/utc.h"
#include "ltlab/config/config_text.h"
#include "ltlab/lottery/pretraining.h"
#include "ltlab/store/file_checks.h"
#include "ltlab/store/record_files.h"

namespace ltlab {
namespace {

// Returns the folders of all trials of the controls that a replicate asks for.
std::vector<std::filesystem::path> control_folders(const SearchConfig& config, const RunStore& ticket) {
  std::vector<std::filesystem::path> folders;
  for (const Control control : config.controls) {
    for (unsigned trial = 0; trial < config.trials_of(control); ++trial)
      folders.push_back(control_folder(ticket.folder(), control, trial));
  }
  return folders;
}

// No record may vanish from the report because a resumed search asks for less.
void require_members_asked(const RunStore& store, const std::set<std::string>& asked,
                           const std::string& options) {
  for (const std::string& member : store.members()) {
    if (asked.contains(member) || member.starts_with(RunStore::kCopy)) continue;
    throw ConfigError("'" + (store.folder() / member).string() +
                      "' is recorded already, and this search would leave it out: leave out " + options +
                      ", or ask for at least as much as before");
  }
}

void require_levels_asked(const RunStore& ticket, std::size_t last_level) {
  const std::vector<unsigned> levels = ticket.levels();
  if (levels.empty() || levels.back() <= last_level) return;
  throw ConfigError(
      "'" + ticket.level_path(levels.back()).string() +
      "' is recorded already, and this search would end at level " + std::to_string(last_level) +
      ": leave out --levels, --target-density and --densities, or ask for at least as many levels as before");
}

}  // namespace

std::filesystem::path replicate_folder(const std::filesystem::path& folder, unsigned replicates,
                                       unsigned replicate) {
  return replicates == 1 ? folder : folder / ("replicate-" + std::to_string(replicate));
}

std::filesystem::path control_folder(const std::filesystem::path& replicate, Control control,
                                     unsigned trial) {
  return replicate / (control_names().name(control) + "-" + std::to_string(trial));
}

LevelRecord read_sound_level(const RunStore& store, unsigned level, const std::string& branch) {
  LevelRecord record = store.read_level(level);
  require_sound(store.level_path(level), faults_of(record, branch));
  return record;
}

std::optional<RunRecord> read_earlier(const RunStore& store, const RunRecord& run) {
  if (!store.has_run()) {
    if (store.levels().empty()) return std::nullopt;
    throw StoreError(
        "'" + store.folder().string() +
        "' holds levels but no run.h5 that tells their settings: restore it, or give another --out");
  }
  RunRecord before = store.read_run();
  if (before.dataset_fingerprint != run.dataset_fingerprint) {
    throw StoreError(store.run_path().string() + " was made with other data (fingerprint " +
                     before.dataset_fingerprint + ", now " + run.dataset_fingerprint +
                     "): give it the same data, or another --out");
  }
  if (identity(before) != identity(run)) {
    throw StoreError(store.run_path().string() +
                     " was made with other settings or another seed: give another --out");
  }
  std::vector<std::string> faults = faults_of(before);
  const auto compare = [&](const std::string& attribute, const std::string& says, const std::string& means) {
    if (says != means) faults.push_back("attribute '" + attribute + "' says " + says + ", not " + means);
  };
  compare("model", before.model, run.model);
  compare("dataset", before.dataset, run.dataset);
  compare("rewind_step", std::to_string(before.rewind_step), std::to_string(run.rewind_step));
  require_sound(store.run_path(), faults);
  return before;
}

void remember_data_directory(const SearchConfig& config, std::string& directory) {
  if (!config.data.directory.empty()) directory = std::filesystem::absolute(config.data.directory);
}

void open_collection(const SearchConfig& config, RunStore store) {
  CollectionRecord collection{config_text(config), extent_text(config), "", utc_now()};
  if (const std::optional<CollectionRecord> before = store.read_settings()) {
    collection.data_directory = before->data_directory;
    collection.started_utc = before->started_utc;
    collection.totals = before->totals;
  }
  remember_data_directory(config, collection.data_directory);
  store.write_collection(collection);
}

void require_all_asked(const SearchConfig& config, const std::filesystem::path& folder,
                       std::size_t last_level) {
  std::set<std::string> replicates;
  for (unsigned r = 0; r < config.replicates; ++r) {
    const RunStore ticket(replicate_folder(folder, config.replicates, r));
    require_levels_asked(ticket, last_level);
    if (ticket.has_run()) require_same_densities(ticket.read_run().extent, config);
    std::set<std::string> members;
    if (config.pretrains()) members.insert(pretraining_folder(ticket.folder()).filename());
    for (const auto& control : control_folders(config, ticket)) members.insert(control.filename());
    require_members_asked(ticket, members, "--control and --trials");
    replicates.insert(ticket.folder().filename());
  }
  if (config.replicates > 1) require_members_asked(RunStore(folder), replicates, "--replicates");
}

bool is_complete(const SearchConfig& config, const std::filesystem::path& folder, std::size_t last_level) {
  const auto has_levels = [&](const RunStore& store, unsigned first) {
    for (unsigned level = first; level <= last_level; ++level) {
      if (!store.has_level(level)) return false;
    }
    return true;
  };
  for (unsigned r = 0; r < config.replicates; ++r) {
    const RunStore ticket(replicate_folder(folder, config.replicates, r));
    if (!has_levels(ticket, 0)) return false;
    for (const auto& control : control_folders(config, ticket)) {
      if (!has_levels(RunStore(control), 1)) return false;
    }
  }
  return true;
}

}  // namespace ltlab
