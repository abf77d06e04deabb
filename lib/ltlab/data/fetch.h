#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ltlab/data/download.h"
#include "ltlab/data/sources.h"

namespace ltlab {

/// How a file on disk compares with the published one.
enum class Authenticity {
  published,  ///< the same bytes, or the same content packed otherwise
  different,  ///< other content
  unknown     ///< unpacked or packed otherwise, and no digest of the content was published
};

/// Compares the file's digests with the published ones. IoError where the file cannot be read.
Authenticity compare(const PublishedFile& file, const std::filesystem::path& path);

struct FetchOptions {
  std::filesystem::path directory;  ///< files go to DIRECTORY/FOLDER, with the source's folder
  std::string mirror;               ///< base URL; empty: the source's own
  /// Called with the progress of the current file; may be empty, must not throw.
  std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)> progress;
  DownloadOptions download;  ///< timeouts; its progress is not used
};

struct FetchedFile {
  std::filesystem::path path;
  bool was_there = false;  ///< found and verified, not fetched
};

/// Brings all files of a source into a data directory. Meanwhile no other process can fetch it there
/// (IoError), except on file systems without locks. Each file arrives as NAME.part and gets its name only
/// after its SHA-256 was checked; a NAME.part left behind is continued. Files that exist are verified and
/// left. IoError as download(); DataError where a file that came or existed is not the published one.
std::vector<FetchedFile> fetch(const Source& source, const FetchOptions& options);

}  // namespace ltlab
