#include "ltlab/data/file_digest.h"

#include <span>
#include <vector>

#include "ltlab/base/regular_file.h"
#include "ltlab/base/sha256.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace {

// Returns the SHA-256 of the bytes that `read` brings, until it brings none.
template <class Read>
std::string digest_of(const Read& read) {
  Sha256 digest;
  std::vector<char> chunk(1 << 18);
  while (const std::size_t size = read(chunk.data(), chunk.size())) {
    digest.add(std::as_bytes(std::span(chunk).first(size)));
  }
  return digest.hex();
}

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path) {
  const FileDescriptor file = open_regular_file(path);
  return digest_of([&](char* bytes, std::size_t size) { return read_some(file, path, bytes, size); });
}

std::string sha256_of_content(const std::filesystem::path& path) {
  GzipReader reader(path);
  return digest_of([&](char* bytes, std::size_t size) { return reader.read(bytes, size); });
}

}  // namespace ltlab
