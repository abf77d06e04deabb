#include "ltlab/store/run_store.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/record_digest.h"

namespace ltlab {
namespace {

constexpr auto kRunFile = "run.h5";
constexpr std::string_view kReplicate = "replicate-";
constexpr std::string_view kPretraining = "pretraining";
// What a member's name begins with, before its number.
constexpr std::string_view kNumbered[] = {kReplicate,     RunStore::kCopy,       "random-reinit-",
                                          "random-mask-", "global-random-mask-", "shuffled-weights-",
                                          "sign-only-",   "supermask-",          "inverted-mask-"};

// "level-003"
std::string level_name(unsigned level) {
  char text[32];
  std::snprintf(text, sizeof text, "level-%03u", level);
  return text;
}

// The level of a file named as RunStore::level_path() names it.
std::optional<unsigned> level_of(const std::string& file_name) {
  constexpr std::string_view kPrefix = "level-";
  if (!file_name.starts_with(kPrefix)) return std::nullopt;
  unsigned level = 0;
  std::from_chars(file_name.data() + kPrefix.size(), file_name.data() + file_name.size(), level);
  return file_name == level_name(level) + ".h5" ? std::optional(level) : std::nullopt;
}

// Levels and checkpoints of levels.
bool is_level_file(const std::string& file_name) {
  constexpr std::string_view kPartial = ".partial.h5";
  if (!file_name.ends_with(kPartial)) return level_of(file_name).has_value();
  return level_of(file_name.substr(0, file_name.size() - kPartial.size()) + ".h5").has_value();
}

// "replicate-0", "random-reinit-2", "pretraining": a run of another name that lies in the folder is somebody
// else's.
bool is_member_name(const std::string& name) {
  if (name == kPretraining) return true;
  for (const std::string_view prefix : kNumbered) {
    const std::string number = name.starts_with(prefix) ? name.substr(prefix.size()) : std::string();
    if (!number.empty() && number.find_first_not_of("0123456789") == std::string::npos) return true;
  }
  return false;
}

// What the system cannot look at may well be there, and must not be taken for absent.
bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (error) throw IoError("cannot look at '" + path.string() + "': " + error.message());
  return there;
}

// Names of a folder's entries; none where there is no such folder yet.
std::vector<std::string> entries(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error) throw IoError("cannot list folder '" + folder.string() + "': " + error.message());
  return names;
}

FolderLock lock_or_create(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError("cannot create folder '" + folder.string() + "': " + error.message() + "; check --out");
  return FolderLock(folder);
}

void update_links(const FolderLock& lock, const RunStore& store) {
  const std::vector<FileLink> links = store.expected_links();
  if (read_links(store.run_path()) == links) return;
  const std::string digest = checked_digest(store.run_path());
  write_atomically(lock, kRunFile, with_links(store.run_path(), links), [&](const auto& written) {
    if (checked_digest(written) != digest || read_links(written) != links)
      throw StoreError("its content or its links differ");
  });
}

// HDF5 has made `bytes` out of the record, and `read` makes a record out of them again.
template <class Record>
void write_record(const FolderLock& lock, const std::filesystem::path& path,
                  const std::vector<std::byte>& bytes, const Record& record, const RunIdentity& identity,
                  Record (*read)(const std::filesystem::path&)) {
  write_atomically(lock, path.filename(), bytes, [&](const std::filesystem::path& written) {
    if (record_digest(read(written)) != record_digest(record) || read_identity(written) != identity)
      throw StoreError("its content differs");
  });
}

// A level belongs to a run: without run.h5 nobody could tell what it is.
RunIdentity identity_of_run(const RunStore& store) {
  if (!store.has_run()) {
    throw StoreError("cannot store a level in '" + store.folder().string() +
                     "': it has no run.h5; write_run() first");
  }
  return read_identity(store.run_path());
}

// What a search lacks comes by --resume, but no level beyond the last of one that has ended.
std::string advice_for_missing(const RunStore& store, unsigned level) {
  const std::vector<unsigned> levels = store.levels();
  const std::string there = levels.empty() ? "the run has no level yet"
                                           : "the run has levels " + std::to_string(levels.front()) + " to " +
                                                 std::to_string(levels.back());
  const bool beyond = !levels.empty() && level > levels.back();
  const bool ended = store.has_run() && !store.holds_collection() && store.read_run().totals.has_value();
  return beyond && ended ? there + ", and its search has ended" : there + "; go on with --resume";
}

// Absence is the store's fault, and not the system's.
void require_level(const RunStore& store, unsigned level) {
  if (is_there(store.level_path(level))) return;
  throw StoreError("there is no '" + store.level_path(level).string() +
                   "': " + advice_for_missing(store, level));
}

void require_file(const std::filesystem::path& path) {
  if (!is_there(path)) {
    throw StoreError("there is no '" + path.string() + "': the run is incomplete; go on with --resume");
  }
}

}  // namespace

RunStore::RunStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

std::filesystem::path RunStore::run_path() const {
  return folder_ / kRunFile;
}

std::filesystem::path RunStore::level_path(unsigned level) const {
  return folder_ / (level_name(level) + ".h5");
}

std::filesystem::path RunStore::checkpoint_path(unsigned level) const {
  return folder_ / (level_name(level) + ".partial.h5");
}

bool RunStore::has_run() const {
  return is_there(run_path());
}

void RunStore::require_own(const std::filesystem::path& file) const {
  if (read_identity(file) == read_identity(run_path())) return;
  throw StoreError("'" + file.string() + "' is of another run than '" + run_path().string() +
                   "' (other settings, data or seed): move it away, or give another --out");
}

bool RunStore::holds_collection() const {
  if (!has_run()) return !replicates().empty();
  return read_kind(run_path()) == FileKind::collection;
}

bool RunStore::has_level(unsigned level) const {
  return is_there(level_path(level));
}

bool RunStore::has_checkpoint(unsigned level) const {
  return is_there(checkpoint_path(level));
}

std::vector<unsigned> RunStore::levels() const {
  std::vector<unsigned> levels;
  for (const std::string& name : entries(folder_)) {
    if (const auto level = level_of(name)) levels.push_back(*level);
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

std::vector<std::string> RunStore::members() const {
  std::vector<std::string> members;
  for (const std::string& name : entries(folder_)) {
    if (is_member_name(name) && RunStore(folder_ / name).has_run()) members.push_back(name);
  }
  std::sort(members.begin(), members.end(), [](const std::string& a, const std::string& b) {
    return strverscmp(a.c_str(), b.c_str()) < 0;  // replicate-9 before replicate-10
  });
  return members;
}

std::filesystem::path RunStore::search_folder() const {
  std::filesystem::path folder = std::filesystem::absolute(folder_ / "").lexically_normal().parent_path();
  while (is_member_name(folder.filename())) folder = folder.parent_path();
  return folder;
}

std::vector<std::string> RunStore::replicates() const {
  std::vector<std::string> names = members();
  std::erase_if(names, [](const std::string& name) { return !name.starts_with(kReplicate); });
  return names;
}

std::vector<FileLink> RunStore::expected_links() const {
  std::vector<FileLink> links;
  for (const unsigned level : levels()) links.push_back({level_name(level), level_name(level) + ".h5"});
  for (const std::string& member : members()) links.push_back({member, member + "/" + kRunFile});
  std::sort(links.begin(), links.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return links;
}

void RunStore::write_run(const RunRecord& run) {
  const std::vector<std::byte> bytes = encode(run);
  const FolderLock lock = lock_or_create(folder_);
  write_record(lock, run_path(), bytes, run, identity(run), read_run_file);
  update_links(lock, *this);
}

void RunStore::write_collection(const CollectionRecord& collection) {
  const std::vector<std::byte> bytes = encode(collection);
  const FolderLock lock = lock_or_create(folder_);
  const RunIdentity identity{sha256(collection.config), {}, {}};
  write_record(lock, run_path(), bytes, collection, identity, read_collection_file);
  update_links(lock, *this);
}

void RunStore::write_level(const LevelRecord& level) {
  const RunIdentity run = identity_of_run(*this);
  const std::vector<std::byte> bytes = encode(level, run);
  const FolderLock lock(folder_);
  write_record(lock, level_path(level.level), bytes, level, run, read_level_file);
  update_links(lock, *this);
  std::error_code ignored;  // a checkpoint that stays is of no use, and no harm
  std::filesystem::remove(checkpoint_path(level.level), ignored);
}

void RunStore::write_checkpoint(const TrainingCheckpoint& checkpoint) {
  const RunIdentity run = identity_of_run(*this);
  const std::vector<std::byte> bytes = encode(checkpoint, run);
  const FolderLock lock(folder_);
  write_record(lock, checkpoint_path(checkpoint.level), bytes, checkpoint, run, read_checkpoint_file);
}

void RunStore::remove() {
  for (const std::string& member : members()) RunStore(folder_ / member).remove();
  const FolderLock lock(folder_);
  std::vector<std::string> names = entries(folder_);
  std::sort(names.begin(), names.end());  // "level-..." before "run.h5", without which nobody sees a run here
  for (const std::string& name : names) {
    if (name != kRunFile && !is_level_file(name)) continue;
    std::error_code error;
    if (!std::filesystem::remove(folder_ / name, error) || error) {
      throw IoError("cannot delete '" + (folder_ / name).string() + "': " + error.message());
    }
  }
  std::error_code kept;  // a folder that holds other files stays
  std::filesystem::remove(folder_, kept);
}

void RunStore::link_members() {
  const FolderLock lock(folder_);
  require_file(run_path());
  update_links(lock, *this);
}

RunRecord RunStore::read_run() const {
  require_file(run_path());
  return read_run_file(run_path());
}

CollectionRecord RunStore::read_collection() const {
  require_file(run_path());
  return read_collection_file(run_path());
}

std::optional<CollectionRecord> RunStore::read_settings() const {
  if (has_run() && holds_collection()) return read_collection();
  const std::vector<std::string> names = replicates();
  if (!has_run() && names.empty()) return std::nullopt;
  const RunRecord run = has_run() ? read_run() : RunStore(folder_ / names.front()).read_run();
  return CollectionRecord{run.config, run.extent, run.data_directory, run.started_utc,
                          has_run() ? run.totals : std::nullopt};
}

LevelRecord RunStore::read_level(unsigned level) const {
  require_level(*this, level);
  return read_level_file(level_path(level));
}

LevelSummary RunStore::read_summary(unsigned level) const {
  require_level(*this, level);
  return ltlab::read_summary(level_path(level));
}

TrainingCheckpoint RunStore::read_checkpoint(unsigned level) const {
  require_file(checkpoint_path(level));
  return read_checkpoint_file(checkpoint_path(level));
}

}  // namespace ltlab
