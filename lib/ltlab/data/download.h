#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace ltlab {

/// Told now and then how far a transfer is: bytes there and bytes in all, 0 while unknown. Must not throw.
using TransferProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

struct DownloadOptions {
  TransferProgress progress;  ///< may be empty
  std::chrono::seconds connect_timeout{30};
  std::chrono::seconds stall_timeout{
      60};  ///< how long a transfer may bring nothing before it counts as broken
  std::uint64_t most_bytes = std::uint64_t{1} << 30;  ///< that the file may have
};

/// Brings an http(s) URL into `path`, which must be a file of its own where it is there: nothing is appended
/// to what a symbolic or a second hard link leads to. What is in the file already counts as the beginning of
/// it: only the rest is asked for, and everything again where the server cannot send a part. A transfer that
/// breaks off is taken up again as long as every try brings something, five times at most. IoError, naming
/// the URL: no network, an HTTP error, a broken transfer (what came stays in `path`), a full disk. DataError
/// where the server sends more than `most_bytes`, and where `path` is a link or no file.
void download(const std::string& url, const std::filesystem::path& path, const DownloadOptions& options = {});

}  // namespace ltlab
