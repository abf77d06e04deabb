#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/store/provenance.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// The files of format `ltlab-run`, one by one; RunStore puts them together to a run. masks/README.md shows
/// them from a user's side.
inline constexpr auto kFormat = "ltlab-run";
/// Files of a later version are refused.
inline constexpr std::uint64_t kFormatVersion = 1;

enum class FileKind { run, collection, level, checkpoint };

/// As the root attribute `kind` says it: "run", "collection", "level", "checkpoint".
std::string to_string(FileKind kind);

/// Tells which files belong together; each file carries it. A collection has but a configuration.
struct RunIdentity {
  std::string config_sha256;
  std::string branch;
  std::string dataset_fingerprint;
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
  bool operator==(const RunIdentity&) const = default;
};
RunIdentity identity(const RunRecord& run);

/// The bytes of a file that says this; content that cannot be stored (a shape that its array does not fill)
/// is a ConfigError.
std::vector<std::byte> encode(const RunRecord& run);
std::vector<std::byte> encode(const CollectionRecord& collection);
std::vector<std::byte> encode(const LevelRecord& level, const RunIdentity& run);
std::vector<std::byte> encode(const TrainingCheckpoint& checkpoint, const RunIdentity& run);

/// How a file is read. A guarded one, which may be anybody's, is first read by a child process, so that
/// neither damage nor malice crashes this one. The own is what this process has written, or has read guarded
/// before.
enum class Reading { guarded, own };

/// Read a whole file and check every checksum of it. StoreError: damaged, of another kind or of a newer
/// format; IoError: the system refuses.
RunRecord read_run_file(const std::filesystem::path& path, Reading reading = Reading::guarded);
CollectionRecord read_collection_file(const std::filesystem::path& path, Reading reading = Reading::guarded);
LevelRecord read_level_file(const std::filesystem::path& path, Reading reading = Reading::guarded);
TrainingCheckpoint read_checkpoint_file(const std::filesystem::path& path,
                                        Reading reading = Reading::guarded);
/// The figures of a level alone.
LevelSummary read_summary(const std::filesystem::path& path);

/// Read a few attributes, and check those parts of the file only; guarded, where nothing else is asked for.
/// Same errors.
FileKind read_kind(const std::filesystem::path& path);
RunIdentity read_identity(const std::filesystem::path& path, Reading reading = Reading::guarded);
/// What made the file, in the order of the names. Same errors.
Provenance read_provenance(const std::filesystem::path& path);
/// What a level adds to the totals of its run: its cost, and when it was finished.
RunTotals read_level_totals(const std::filesystem::path& path);

/// The content_digest() of an own file, which its attribute says too. Same errors.
std::string checked_digest(const std::filesystem::path& path);

/// A link of a run file to another file: `level-003` to "level-003.h5", relative to the run file's folder.
struct FileLink {
  std::string name, target;
  bool operator==(const FileLink&) const = default;
};

/// Sorted by name. Same errors.
std::vector<FileLink> read_links(const std::filesystem::path& path, Reading reading = Reading::guarded);
/// The bytes of the run file at `path` with exactly these links; nothing else changes.
std::vector<std::byte> with_links(const std::filesystem::path& path, const std::vector<FileLink>& links);

}  // namespace ltlab
