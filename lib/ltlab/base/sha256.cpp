#include "ltlab/base/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <new>

#include "ltlab/base/error.h"

namespace ltlab {
namespace {

// Initialized before main(), while there is memory: without it, OpenSSL crashes during its initialization.
const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);

void require(bool succeeded) {
  if (succeeded) return;
  throw IoError(
      "OpenSSL cannot compute SHA-256: out of memory, or libcrypto is not as installed; free some, then try "
      "again");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  require(kAlgorithm && EVP_DigestInit_ex(context_.get(), kAlgorithm, nullptr) == 1);
}

void Sha256::add(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string sha256(std::string_view text) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.hex();
}

}  // namespace ltlab
