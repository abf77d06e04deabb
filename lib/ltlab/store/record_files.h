#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ltlab/store/provenance.h"
#include "ltlab/store/records.h"

namespace ltlab {

/// The files of format `ltlab-run`, one by one; RunStore combines them into a run. masks/README.md describes
/// them for users.
inline constexpr auto kFormat = "ltlab-run";
/// Files of a later version are refused.
inline constexpr std::uint64_t kFormatVersion = 1;

enum class FileKind { run, collection, level, checkpoint };

/// Returns the root attribute `kind`: "run", "collection", "level", "checkpoint".
std::string to_string(FileKind kind);

/// Returns the identity of a run.
RunIdentity identity(const RunRecord& run);

/// Returns the bytes of a file with this content; ConfigError for content that cannot be stored (a shape that
/// its array does not fill).
std::vector<std::byte> encode(const RunRecord& run);
std::vector<std::byte> encode(const CollectionRecord& collection);
std::vector<std::byte> encode(const LevelRecord& level, const RunIdentity& run);
std::vector<std::byte> encode(const TrainingCheckpoint& checkpoint, const RunIdentity& run);

/// Vouches for a file that this process has just written. Any other may be anybody's: a child process first
/// reads all of it and checks every checksum, so that neither damage nor malice crashes this one. Once is
/// enough, until the file changes (see FileStamp).
void vouch_for_own(const std::filesystem::path& path);

/// Read a whole file. StoreError: damaged, of another kind or of a newer format; IoError: the system refuses.
RunRecord read_run_file(const std::filesystem::path& path);
CollectionRecord read_collection_file(const std::filesystem::path& path);
LevelRecord read_level_file(const std::filesystem::path& path);
TrainingCheckpoint read_checkpoint_file(const std::filesystem::path& path);
/// Reads only the figures of a level.
LevelSummary read_summary(const std::filesystem::path& path);
/// Reads only what a level says of single images; empty where it does not tell. Same errors.
LevelPredictions read_predictions(const std::filesystem::path& path);

/// Read a few attributes. Same errors.
FileKind read_kind(const std::filesystem::path& path);
RunIdentity read_identity(const std::filesystem::path& path);
/// Reads what made the file, in the order of the names. Same errors.
Provenance read_provenance(const std::filesystem::path& path);
/// Reads what a level adds to the totals of its run: its cost, and when it was finished.
RunTotals read_level_totals(const std::filesystem::path& path);

/// Returns the content_digest() of a file that this process has read or written before, which its attribute
/// holds too. Same errors.
std::string checked_digest(const std::filesystem::path& path);

/// A link of a run file to another file: `level-003` to "level-003.h5", relative to the run file's folder.
struct FileLink {
  std::string name, target;
  bool operator==(const FileLink&) const = default;
};

/// Returns links sorted by name. Same errors.
std::vector<FileLink> read_links(const std::filesystem::path& path);
/// Returns the bytes of the run file at `path` with exactly these links; nothing else changes.
std::vector<std::byte> with_links(const std::filesystem::path& path, const std::vector<FileLink>& links);

}  // namespace ltlab
