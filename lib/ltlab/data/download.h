#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace ltlab {

/// Called now and then with the bytes transferred and the bytes in all, 0 while unknown. Must not throw.
using TransferProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct DownloadOptions {
  TransferProgress progress;  ///< may be empty
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds stall_timeout{
      60};  ///< how long a transfer may bring nothing before it counts as broken
  std::uint64_t most_bytes = std::uint64_t{1} << 30;  ///< the most that the file may have
};

/// Downloads an http(s) URL into `path`. If that exists, it must be a file of its own: nothing is appended to
/// what a symbolic or a second hard link leads to. Bytes already in the file count as its beginning: only the
/// rest is requested, or everything again where the server cannot send a part. A transfer that breaks off is
/// resumed as long as every try brings something, five times at most. IoError, naming the URL: no network, an
/// HTTP error, a broken transfer (what came stays in `path`), a full disk. DataError where the server sends
/// more than `most_bytes`, and where `path` is a link or no file.
void download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options = {});

}  // namespace ltlab
