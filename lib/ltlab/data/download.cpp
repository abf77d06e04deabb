#include "ltlab/data/download.h"

#include <curl/curl.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>

#include "ltlab/base/error.h"

namespace ltlab {
namespace fs = std::filesystem;
namespace {

struct FreeCurl {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Curl = std::unique_ptr<CURL, FreeCurl>;

Curl make_curl() {
  // Initializing the library is not thread-safe by itself.
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  Curl curl(initialized == CURLE_OK ? curl_easy_init() : nullptr);
  if (!curl) throw IoError("libcurl does not start: check its installation");
  return curl;
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code absent;
  const auto size = fs::file_size(path, absent);
  return absent ? 0 : size;
}

/// One request: the file it appends to, and what the callbacks need.
struct Request {
  std::ofstream file;
  std::uint64_t offset = 0;
  const TransferProgress* progress = nullptr;
};

// libcurl's callbacks; a count of bytes other than it gave makes it stop with CURLE_WRITE_ERROR.
std::size_t write_body(char* bytes, std::size_t, std::size_t size, void* request) noexcept {
  std::ofstream& file = static_cast<Request*>(request)->file;
  return file.write(bytes, static_cast<std::streamsize>(size)) ? size : 0;
}

int report_progress(void* request, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) noexcept {
  const auto& [file, offset, progress] = *static_cast<Request*>(request);
  if (*progress)
    (*progress)(offset + static_cast<std::uint64_t>(done),
                total > 0 ? offset + static_cast<std::uint64_t>(total) : 0);
  return 0;
}

struct Result {
  CURLcode code = CURLE_OK;
  long status = 0;  ///< of HTTP
  std::string message;
};

void set_options(CURL* curl, const std::string& url, const DownloadOptions& options, Request& request) {
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 5L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "ltlab");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(request.offset));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &request);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, report_progress);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &request);
}

// Asks for what `path` lacks and appends it.
Result transfer(const std::string& url, const fs::path& path, const DownloadOptions& options) {
  errno = 0;
  Request request{std::ofstream(path, std::ios::binary | std::ios::app), size_of(path), &options.progress};
  if (!request.file) throw IoError("cannot write '" + path.string() + "': " + std::strerror(errno));
  const Curl curl = make_curl();
  std::array<char, CURL_ERROR_SIZE> message{};
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, message.data());
  set_options(curl.get(), url, options, request);

  Result result;
  result.code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &result.status);
  result.message = message[0] ? message.data() : curl_easy_strerror(result.code);
  request.file.close();
  if (result.code == CURLE_WRITE_ERROR || !request.file)
    throw IoError("cannot write '" + path.string() + "': " + std::strerror(errno ? errno : EIO));
  return result;
}

bool broke_off(CURLcode code) {
  return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_OPERATION_TIMEDOUT;
}

[[noreturn]] void fail(const std::string& url, const fs::path& path, const Result& result) {
  if (result.code == CURLE_HTTP_RETURNED_ERROR)
    throw IoError("the server answers HTTP status " + std::to_string(result.status) + " for " + url +
                  ": check the address, or try another mirror or later");
  const std::string kept =
      size_of(path) > 0 ? "; what came is kept, and the same command goes on from there" : "";
  throw IoError("cannot fetch " + url + ": " + result.message + ": check the network, or try another mirror" +
                kept);
}

}  // namespace

void download(const std::string& url, const fs::path& path, const DownloadOptions& options) {
  constexpr int kTries = 5;
  for (int attempt = 1;; ++attempt) {
    const std::uint64_t before = size_of(path);
    const Result result = transfer(url, path, options);
    if (result.code == CURLE_OK) return;
    const bool refuses_parts = result.code == CURLE_RANGE_ERROR && before > 0;
    const bool moves_on = broke_off(result.code) && size_of(path) > before;
    if (attempt == kTries || !(refuses_parts || moves_on)) fail(url, path, result);
    if (refuses_parts) fs::remove(path);
  }
}

}  // namespace ltlab
