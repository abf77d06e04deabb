#include "ltlab/data/fetch.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "ltlab/base/error.h"
#include "ltlab/base/regular_file.h"
#include "ltlab/data/file_digest.h"
#include "ltlab/data/tar.h"

namespace ltlab {
namespace fs = std::filesystem;
namespace {

fs::path with_suffix(fs::path path, const char* suffix) {
  return path += suffix;
}

void create_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw IoError("cannot create '" + folder.string() + "': " + error.message());
}

// Keeps other processes from fetching into the same folder while it lives. The lock is lifted however this
// process ends.
class FetchLock {
 public:
  explicit FetchLock(const fs::path& folder)
      : folder_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (folder_.get() < 0) throw IoError("cannot open '" + folder.string() + "': " + std::strerror(errno));
    if (::flock(folder_.get(), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
      throw IoError("another process is fetching into '" + folder.string() + "': wait for it, and try again");
  }
  ~FetchLock() { ::flock(folder_.get(), LOCK_UN); }  // see hdf5::FileChecker
  FetchLock(const FetchLock&) = delete;
  FetchLock& operator=(const FetchLock&) = delete;

 private:
  FileDescriptor folder_;
};

// Returns the file's path if it exists. A file that is not the published one is the user's: it stays.
std::optional<fs::path> find_published(const PublishedFile& file, const fs::path& folder) {
  auto path = find_file(file, folder);
  if (path && compare(file, *path) != Authenticity::published)
    throw DataError("'" + path->string() + "' is there already, but is not the published " + file.name +
                    ": move it away, or fetch into another directory with --data-dir");
  return path;
}

[[noreturn]] void refuse(const std::string& url, const std::string& digest, const std::string& expected) {
  throw DataError("what " + url + " sends is not the published file (SHA-256 " + digest + ", expected " +
                  expected + "), so it was discarded: try again, or another server with --mirror");
}

// Downloads the URL to `path` by way of NAME.part.
void obtain(const PublishedFile& file, const fs::path& path, const FetchOptions& options,
            const std::string& mirror) {
  const std::string url = mirror + '/' + file.name;
  const fs::path part = with_suffix(path, ".part");
  DownloadOptions transfer = options.download;
  transfer.most_bytes = file.most_bytes;
  if (options.progress)
    transfer.progress = [&](std::uint64_t done, std::uint64_t total) {
      options.progress(file.name, done, total);
    };
  // A part left behind may belong to something else: only a transfer from the start proves the server wrong.
  for (bool from_start = !fs::exists(fs::symlink_status(part));; from_start = true) {
    download(url, part, transfer);
    if (compare(file, part) == Authenticity::published) break;
    const std::string digest = sha256_of_file(part);
    fs::remove(part);
    if (from_start) refuse(url, digest, file.sha256.empty() ? file.content_sha256 : file.sha256);
  }
  fs::rename(part, path);
}

std::vector<FetchedFile> fetch_files(const Source& source, const FetchOptions& options,
                                     const std::string& mirror) {
  const fs::path folder = options.directory / source.folder;
  std::vector<FetchedFile> fetched;
  for (const PublishedFile& file : source.files) {
    if (const auto path = find_published(file, folder)) {
      fetched.push_back({*path, true});
    } else {
      obtain(file, folder / file.name, options, mirror);
      fetched.push_back({folder / file.name, false});
    }
  }
  return fetched;
}

// Unpacks beside the final folder first, so that this one never holds part of a file. Anything already there
// is left from an interrupted fetch, or a link, which is removed without its target.
void unpack(const Source& source, const fs::path& archive, const fs::path& folder) {
  const fs::path unpacked = with_suffix(folder, ".part");
  fs::remove_all(unpacked);
  create_folder(unpacked);
  std::vector<std::string> members;
  for (const PublishedFile& file : source.files)
    members.push_back((fs::path(source.folder) / file.name).string());
  unpack_tar(archive, members, unpacked);
  for (const PublishedFile& file : source.files) {
    if (compare(file, unpacked / file.name) != Authenticity::published)
      throw DataError("'" + file.name + "' in '" + archive.string() +
                      "' is not the published file: fetch it again");
    fs::rename(unpacked / file.name, folder / file.name);
  }
  fs::remove_all(unpacked);
}

std::vector<FetchedFile> fetch_archive(const Source& source, const FetchOptions& options,
                                       const std::string& mirror) {
  const fs::path folder = options.directory / source.folder;
  std::vector<FetchedFile> files;
  bool all_there = true;
  for (const PublishedFile& file : source.files) {
    const auto path = find_published(file, folder);
    all_there = all_there && path;
    files.push_back({path.value_or(folder / file.name), path.has_value()});
  }
  if (all_there) return files;

  const fs::path archive = options.directory / source.archive->name;
  if (!find_published(*source.archive, options.directory)) obtain(*source.archive, archive, options, mirror);
  unpack(source, archive, folder);
  fs::remove(archive);
  return files;
}

}  // namespace

Authenticity compare(const PublishedFile& file, const fs::path& path) {
  if (!file.sha256.empty() && sha256_of_file(path) == file.sha256) return Authenticity::published;
  if (!file.content_sha256.empty()) {
    try {
      if (sha256_of_content(path) == file.content_sha256) return Authenticity::published;
    } catch (const DataError&) {
      // A damaged gzip stream is certainly not the published content.
    }
    return Authenticity::different;
  }
  return path.filename() == file.name ? Authenticity::different : Authenticity::unknown;
}

std::vector<FetchedFile> fetch(const Source& source, const FetchOptions& options) {
  std::string mirror = options.mirror.empty() ? source.mirror : options.mirror;
  while (!mirror.empty() && mirror.back() == '/') mirror.pop_back();
  create_folder(options.directory / source.folder);
  const FetchLock lock(options.directory / source.folder);
  return source.archive ? fetch_archive(source, options, mirror) : fetch_files(source, options, mirror);
}

}  // namespace ltlab
