#include "ltlab/data/file_digest.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <span>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace {

constexpr std::size_t kChunk = 1 << 18;

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError("cannot read '" + path.string() + "': " + std::strerror(errno));
  Sha256 digest;
  std::vector<char> chunk(kChunk);
  do {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    digest.add(std::as_bytes(std::span(chunk).first(static_cast<std::size_t>(file.gcount()))));
  } while (file);
  if (file.bad()) throw IoError("cannot read '" + path.string() + "': " + std::strerror(errno));
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
