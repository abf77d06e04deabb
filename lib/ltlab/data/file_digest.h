#pragma once

#include <filesystem>
#include <string>

namespace ltlab {

/// Returns the SHA-256 of a file's bytes as they lie on disk. IoError where the file cannot be read,
/// DataError where it is no regular file.
std::string sha256_of_file(const std::filesystem::path& path);

/// Returns the SHA-256 of a file's content: of what a gzip file holds, or of a plain file's bytes. IoError
/// where it cannot be read, DataError where the gzip stream is damaged.
std::string sha256_of_content(const std::filesystem::path& path);

}  // namespace ltlab
