#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ltlab/data/download.h"
#include "ltlab/data/sources.h"

namespace ltlab {

/// What a file on disk is, compared with the published one.
enum class Authenticity {
  published,  ///< the same bytes, or the same content packed otherwise
  different,  ///< other content
  unknown     ///< unpacked or packed otherwise, and no digest of the content was published
};

/// Compares digests. IoError where the file cannot be read.
Authenticity compare(const PublishedFile& file, const std::filesystem::path& path);

struct FetchOptions {
  std::filesystem::path directory;  ///< files go to DIRECTORY/FOLDER, with the source's folder
  std::string mirror;               ///< base URL; empty: the source's own
  /// Told of the file under way; may be empty, must not throw.
  std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)> progress;
  DownloadOptions download;  ///< timeouts; its progress is not used
};

struct FetchedFile {
  std::filesystem::path path;
  bool was_there = false;  ///< found and verified, not fetched
};

/// Brings all files of a source into a data directory, alone: meanwhile no other process can fetch it there
/// (IoError), except on file systems without locks. Each comes as NAME.part, is compared with its SHA-256
/// and only then gets its name; a NAME.part left behind is gone on with. Files that are there are verified
/// and left. IoError as download(); DataError where what came, or a file that was there, is not the published
/// one.
std::vector<FetchedFile> fetch(const Source& source, const FetchOptions& options);

}  // namespace ltlab
