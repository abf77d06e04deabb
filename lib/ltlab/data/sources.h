#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ltlab {

/// A file as its publisher offers it.
struct PublishedFile {
  std::string name;            ///< "train-images-idx3-ubyte.gz"
  std::string sha256;          ///< digest of the file itself; empty: only its content's is known
  std::string content_sha256;  ///< digest of the file once unpacked; empty: unknown
  std::uint64_t most_bytes = std::uint64_t{1} << 30;  ///< of it, in any packing of the published content
};

/// A published data set: where it comes from, and what it looks like on disk.
struct Source {
  std::string name;                  ///< "mnist"
  std::string folder;                ///< where its files lie within a data directory
  std::string mirror;                ///< URL of the folder that offers them, without a final slash
  std::vector<PublishedFile> files;  ///< training images and labels, then test images and labels
  std::optional<PublishedFile>
      archive;  ///< a .tar.gz that holds FOLDER/FILE for each, where they come packed
};

/// Returns mnist, fashion-mnist and cifar10.
std::vector<Source> published_sources();

/// Returns the published source of that name; ConfigError, with the valid names, for any other.
Source published_source(const std::string& name);

/// Possible values of DatasetOptions::source: embedded, the published sources, h5:FILE:/images,/labels.
std::vector<std::string> source_names();
/// Throws ConfigError, with the nearest name, where `source` is none of them.
void require_known_source(const std::string& source);

/// Returns the folders to search for data: `directory` alone if not empty; else those of $LTLAB_DATA,
/// ../shared/data and the cache ($XDG_CACHE_HOME/ltlab or ~/.cache/ltlab) that are set, in this order.
std::vector<std::filesystem::path> data_directories(const std::string& directory);

/// Returns where `fetch` puts data: `directory` if not empty, else $LTLAB_DATA, else the cache folder.
std::filesystem::path fetch_directory(const std::string& directory);

/// Returns the path of the file in `folder`, unpacked or gzip'd; the unpacked one if both are there.
std::optional<std::filesystem::path> find_file(const PublishedFile& file,
                                               const std::filesystem::path& folder);

/// Returns the paths of all files of the source, in its order, from the first of `directories` that has any:
/// in its subfolder Source::folder, or in the directory itself. Empty where none has; DataError where some
/// files are missing.
std::vector<std::filesystem::path> find_files(const Source& source,
                                              const std::vector<std::filesystem::path>& directories);

/// Does the same, but throws IoError, saying where it looked and how to get the data, where there are none.
std::vector<std::filesystem::path> require_files(const Source& source,
                                                 const std::vector<std::filesystem::path>& directories);

/// Returns whether `directory` has all files of the published source of that name, or the file of a user's
/// arrays; false for an empty directory and for data without files.
bool holds_data(const std::string& directory, const std::string& source);

}  // namespace ltlab
