#include "ltlab/store/run_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>

#include "ltlab/base/error.h"
#include "ltlab/base/folder_entries.h"
#include "ltlab/base/regular_file.h"
#include "ltlab/base/sha256.h"
#include "ltlab/config/controls.h"
#include "ltlab/store/atomic_file.h"
#include "ltlab/store/record_digest.h"

namespace ltlab {
namespace {

constexpr auto kRunFile = "run.h5";
constexpr std::string_view kReplicate = "replicate-";
constexpr std::string_view kPretraining = "pretraining";
// Returns whether `name` is `prefix` followed by a number.
bool is_numbered(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return false;
  return name.substr(prefix.size()).find_first_not_of("0123456789") == std::string_view::npos;
}

// Returns "level-003".
std::string level_name(unsigned level) {
  char text[32];
  std::snprintf(text, sizeof text, "level-%03u", level);
  return text;
}

// Returns the level of a file named like RunStore::level_path().
std::optional<unsigned> level_of(const std::string& file_name) {
  constexpr std::string_view kPrefix = "level-";
  if (!file_name.starts_with(kPrefix)) return std::nullopt;
  unsigned level = 0;
  std::from_chars(file_name.data() + kPrefix.size(), file_name.data() + file_name.size(), level);
  return file_name == level_name(level) + ".h5" ? std::optional(level) : std::nullopt;
}

// Returns whether it is a file of a level or of its checkpoint.
bool is_level_file(const std::string& file_name) {
  constexpr std::string_view kPartial = ".partial.h5";
  if (!file_name.ends_with(kPartial)) return level_of(file_name).has_value();
  return level_of(file_name.substr(0, file_name.size() - kPartial.size()) + ".h5").has_value();
}

[[noreturn]] void refuse_link(const std::filesystem::path& path) {
  throw StoreError("'" + path.string() +
                   "' is a symbolic link, and ltlab follows none within a run: put there what it leads to");
}

FolderLock lock_or_create(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw IoError("cannot create folder '" + folder.string() + "': " + error.message() + "; check --out");
  return FolderLock(folder);
}

// Writes a file that HDF5 has made, and reads it back before it takes its name; `is_meant` checks its
// content. No child process need read it, then or later.
void write_checked(const FolderLock& lock, const std::filesystem::path& path,
                   const std::vector<std::byte>& bytes, const CheckWritten& is_meant) {
  write_atomically(lock, path.filename(), bytes, [&](const std::filesystem::path& written) {
    vouch_for_own(written);
    is_meant(written);
  });
  vouch_for_own(path);
}

void update_links(const FolderLock& lock, const RunStore& store) {
  const std::vector<FileLink> links = store.expected_links();
  if (store.read_links() == links) return;
  const std::string digest = checked_digest(store.run_path());
  write_checked(lock, store.run_path(), with_links(store.run_path(), links), [&](const auto& written) {
    if (checked_digest(written) != digest || read_links(written) != links)
      throw StoreError("its content or its links differ");
  });
}

// `read` makes a record again from what was written.
template <class Record>
void write_record(const FolderLock& lock, const std::filesystem::path& path,
                  const std::vector<std::byte>& bytes, const Record& record, const RunIdentity& identity,
                  Record (*read)(const std::filesystem::path&)) {
  write_checked(lock, path, bytes, [&](const auto& written) {
    checked_digest(written);
    if (record_digest(read(written)) != record_digest(record) || read_identity(written) != identity)
      throw StoreError("its content differs");
  });
}

// A level belongs to a run: without run.h5 it could not be identified.
RunIdentity identity_of_run(const RunStore& store) {
  if (!store.has_run()) {
    throw StoreError("cannot store a level in '" + store.folder().string() +
                     "': it has no run.h5; write_run() first");
  }
  return store.read_identity();
}

// --resume provides what a search lacks, but no level beyond the last of one that has ended.
std::string advice_for_missing(const RunStore& store, unsigned level) {
  const std::vector<unsigned> levels = store.levels();
  const std::string there = levels.empty() ? "the run has no level yet"
                                           : "the run has levels " + std::to_string(levels.front()) + " to " +
                                                 std::to_string(levels.back());
  const bool beyond = !levels.empty() && level > levels.back();
  const bool ended = store.has_run() && !store.holds_collection() && store.read_run().totals.has_value();
  return beyond && ended ? there + ", and its search has ended" : there + "; go on with --resume";
}

}  // namespace

RunStore::RunStore(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::error_code ignored;  // an error is met again on opening, with a better message
  if (is_member_name(folder_.filename()) && std::filesystem::is_symlink(folder_, ignored))
    refuse_link(folder_);
}

bool RunStore::is_member_name(const std::string& name) {
  if (name == kPretraining || is_numbered(name, kReplicate) || is_numbered(name, kCopy)) return true;
  return std::ranges::any_of(kControls, [&](const ControlKind& control) {
    return is_numbered(name, std::string(control.name) + "-");
  });
}

const std::filesystem::path& RunStore::require_file(const std::filesystem::path& path) {
  const std::filesystem::file_type type = type_at(path);
  if (type == std::filesystem::file_type::not_found)  // the store's fault, not the system's
    throw StoreError("there is no '" + path.string() + "': the run is incomplete; go on with --resume");
  if (type == std::filesystem::file_type::symlink) refuse_link(path);
  if (type == std::filesystem::file_type::directory) refuse_folder(path);
  return path;
}

std::filesystem::path RunStore::run_path() const {
  return folder_ / kRunFile;
}

std::filesystem::path RunStore::level_path(unsigned level) const {
  return folder_ / (level_name(level) + ".h5");
}

std::filesystem::path RunStore::checkpoint_path(unsigned level) const {
  return folder_ / (level_name(level) + ".partial.h5");
}

void RunStore::require_own(const std::filesystem::path& file) const {
  require_file(file);
  if (ltlab::read_identity(file) == read_identity()) return;
  throw StoreError("'" + file.string() + "' is of another run than '" + run_path().string() +
                   "' (other settings, data or seed): move it away, or give another --out");
}

bool RunStore::holds_collection() const {
  if (!has_run()) return !replicates().empty();
  return read_kind() == FileKind::collection;
}

std::vector<unsigned> RunStore::levels() const {
  std::vector<unsigned> levels;
  for (const auto& [name, type] : folder_entries(folder_)) {
    if (const auto level = level_of(name)) levels.push_back(*level);
  }
  std::sort(levels.begin(), levels.end());
  return levels;
}

std::vector<std::string> RunStore::members() const {
  std::vector<std::string> members;
  for (const auto& [name, type] : folder_entries(folder_)) {
    const bool inside = type == std::filesystem::file_type::directory;
    if (is_member_name(name) && inside && is_there(folder_ / name / kRunFile)) members.push_back(name);
  }
  std::sort(members.begin(), members.end(), [](const std::string& a, const std::string& b) {
    return strverscmp(a.c_str(), b.c_str()) < 0;  // replicate-9 before replicate-10
  });
  return members;
}

std::vector<RunStore> RunStore::tickets() const {
  if (!holds_collection()) return {*this};
  std::vector<RunStore> tickets;
  for (const std::string& member : members()) tickets.emplace_back(folder_ / member);
  return tickets;
}

bool RunStore::is_link(const FileLink& link) {
  return link.target == link.name + ".h5"
             ? level_of(link.target).has_value()
             : is_member_name(link.name) && link.target == link.name + "/" + kRunFile;
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
  drop_checkpoint(level.level);
}

void RunStore::drop_checkpoint(unsigned level) const {
  std::error_code ignored;  // a leftover checkpoint is useless but harmless
  std::filesystem::remove(checkpoint_path(level), ignored);
}

void RunStore::write_checkpoint(const TrainingCheckpoint& checkpoint) {
  const RunIdentity run = identity_of_run(*this);
  const std::vector<std::byte> bytes = encode(checkpoint, run);
  const FolderLock lock(folder_);
  write_record(lock, checkpoint_path(checkpoint.level), bytes, checkpoint, run, read_checkpoint_file);
}

void RunStore::remove() {
  require_removable();
  remove_files();
}

void RunStore::require_removable() const {
  for (const std::string& member : members()) RunStore(folder_ / member).require_removable();
  if (::faccessat(AT_FDCWD, folder_.c_str(), W_OK | X_OK, AT_EACCESS) == 0 || errno == ENOENT) return;
  throw IoError("cannot delete what is in '" + folder_.string() + "': " + std::strerror(errno) +
                "; nothing is deleted");
}

void RunStore::remove_files() {
  for (const std::string& member : members()) RunStore(folder_ / member).remove_files();
  const FolderLock lock(folder_);
  // The folder is held open, so that its entries are removed from it wherever its path leads meanwhile.
  const int follow = is_member_name(folder_.filename()) ? O_NOFOLLOW : 0;
  const FileDescriptor own(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow));
  if (own.get() < 0) throw IoError("cannot open folder '" + folder_.string() + "': " + std::strerror(errno));
  // "level-..." before "run.h5", without which the folder is not a run
  for (const auto& [name, type] : folder_entries(folder_)) {
    const bool is_link = type == std::filesystem::file_type::symlink;
    if (name != kRunFile && !is_level_file(name) && !(is_link && is_member_name(name))) continue;
    if (::unlinkat(own.get(), name.c_str(), 0) < 0)  // removes a link itself, and not its target
      throw IoError("cannot delete '" + (folder_ / name).string() + "': " + std::strerror(errno));
  }
  ::rmdir(folder_.c_str());  // a folder that holds other files stays, and so does a link to one
}

void RunStore::link_members() {
  const FolderLock lock(folder_);
  require_file(run_path());
  update_links(lock, *this);
}

std::optional<CollectionRecord> RunStore::read_settings() const {
  if (has_run() && holds_collection()) return read_collection();
  const std::vector<std::string> names = replicates();
  if (!has_run() && names.empty()) return std::nullopt;
  const RunRecord run = has_run() ? read_run() : RunStore(folder_ / names.front()).read_run();
  return CollectionRecord{run.config, run.extent, run.data_directory, run.started_utc,
                          has_run() ? run.totals : std::nullopt};
}

std::filesystem::path RunStore::level_file(unsigned level) const {
  if (has_level(level)) return require_file(level_path(level));
  // Absence is the store's fault, not the system's.
  throw StoreError("there is no '" + level_path(level).string() + "': " + advice_for_missing(*this, level));
}

}  // namespace ltlab
