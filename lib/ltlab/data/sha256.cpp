#include "ltlab/data/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "ltlab/base/error.h"
#include "ltlab/data/gzip_reader.h"

namespace ltlab {
namespace {

constexpr std::size_t kChunk = 1 << 18;

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
    throw IoError("OpenSSL offers no SHA-256 here: check the system's OpenSSL configuration");
}

Sha256::~Sha256() = default;

void Sha256::update(const void* bytes, std::size_t size) {
  EVP_DigestUpdate(context_.get(), bytes, size);
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
  std::string text;
  for (const unsigned char byte : digest) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError("cannot read '" + path.string() + "': " + std::strerror(errno));
  Sha256 digest;
  std::vector<char> chunk(kChunk);
  do {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    digest.update(chunk.data(), static_cast<std::size_t>(file.gcount()));
  } while (file);
  if (file.bad()) throw IoError("cannot read '" + path.string() + "': " + std::strerror(errno));
  return digest.hex();
}

std::string sha256_of_content(const std::filesystem::path& path) {
  GzipReader reader(path);
  Sha256 digest;
  std::vector<char> chunk(kChunk);
  while (const std::size_t size = reader.read(chunk.data(), chunk.size())) digest.update(chunk.data(), size);
  return digest.hex();
}

}  // namespace ltlab
