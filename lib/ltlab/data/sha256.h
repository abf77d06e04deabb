#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

struct evp_md_ctx_st;

namespace ltlab {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void update(const void* bytes, std::size_t size);
  /// The digest in lower-case hex, 64 characters. Call once, at the end.
  std::string hex();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// Digest of a file's bytes as they lie on disk. IoError where it cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

/// Digest of a file's content: of what a gzip file holds, or of a plain file's bytes.
/// IoError where it cannot be read, DataError where the gzip stream is damaged.
std::string sha256_of_content(const std::filesystem::path& path);

}  // namespace ltlab
