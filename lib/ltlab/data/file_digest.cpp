#include "ltlab/data/file_digest.h"

#include <span>
#include <vector>

#include "ltlab/base/regular_file.h"
#include "ltlab/base/sha256.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace {

constexpr std::size_t kChunk = 1 << 18;

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path) {
  const FileDescriptor file = open_regular_file(path);
  Sha256 digest;
  std::vector<char> chunk(kChunk);
  while (const std::size_t size = read_some(file, path, chunk.data(), chunk.size())) {
    digest.add(std::as_bytes(std::span(chunk).first(size)));
  }
  return digest.hex();
}

std::string sha256_of_content(const std::filesystem::path& path) {
  GzipReader reader(path);
  Sha256 digest;
  std::vector<char> chunk(kChunk);
  while (const std::size_t size = reader.read(chunk.data(), chunk.size())) {
    digest.add(std::as_bytes(std::span(chunk).first(size)));
  }
  return digest.hex();
}

}  // namespace ltlab
