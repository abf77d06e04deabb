#include "ltlab/data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "ltlab/base/error.h"
#include "ltlab/base/regular_file.h"

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
  FileDescriptor file;
  std::uint64_t offset = 0;  ///< the file's initial length
  const DownloadOptions* options = nullptr;
  std::uint64_t length = 0;  ///< the file's present length
  int error = 0;             ///< the system's error if it refused to write
};

// Appends all bytes; returns false, with the reason in `request.error`, where the system refuses.
bool append(Request& request, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto count = ::write(request.file.get(), bytes, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      request.error = count < 0 ? errno : ENOSPC;
      return false;
    }
    bytes += count;
    size -= static_cast<std::size_t>(count);
    request.length += static_cast<std::uint64_t>(count);
  }
  return true;
}

bool is_too_long(const Request& request, std::uint64_t more) {
  return request.length + more > request.options->most_bytes;
}

// libcurl's callbacks. Returning another number of bytes than given makes it stop with CURLE_WRITE_ERROR.
std::size_t write_body(char* bytes, std::size_t, std::size_t size, void* data) noexcept {
  Request& request = *static_cast<Request*>(data);
  if (is_too_long(request, size)) {
    request.length += size;
    return 0;
  }
  return append(request, bytes, size) ? size : 0;
}

int report_progress(void* request, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) noexcept {
  const Request& own = *static_cast<Request*>(request);
  if (own.options->progress)
    own.options->progress(own.offset + static_cast<std::uint64_t>(done),
                          total > 0 ? own.offset + static_cast<std::uint64_t>(total) : 0);
  return 0;
}

struct Result {
  CURLcode code = CURLE_OK;
  long status = 0;  ///< HTTP status
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

[[noreturn]] void fail_to_write(const fs::path& path, int error) {
  throw IoError("cannot write '" + path.string() + "': " + std::strerror(error));
}

// Nobody else's file may grow: neither the target of a symbolic link, nor a file with several names.
FileDescriptor open_part(const fs::path& path) {
  FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666));
  struct stat status {};
  const bool is_link = file.get() < 0 && errno == ELOOP;
  if (file.get() < 0 && !is_link && errno != ENXIO) fail_to_write(path, errno);
  if (file.get() < 0 || ::fstat(file.get(), &status) < 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1)
    throw DataError("'" + path.string() +
                    "' is a link or no file, and nothing is appended to it: move it away");
  return file;
}

[[noreturn]] void refuse_long(const std::string& url, const fs::path& path, std::uint64_t most) {
  fs::remove(path);
  throw DataError("what " + url + " sends is longer than the published file can be (" + std::to_string(most) +
                  " bytes), so it was discarded: try again, or another server with --mirror");
}

// Requests what `path` lacks and appends it.
Result transfer(const std::string& url, const fs::path& path, const DownloadOptions& options) {
  Request request{open_part(path), size_of(path), &options};
  request.length = request.offset;
  const Curl curl = make_curl();
  std::array<char, CURL_ERROR_SIZE> message{};
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, message.data());
  set_options(curl.get(), url, options, request);

  Result result;
  result.code = curl_easy_perform(curl.get());
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &result.status);
  result.message = message[0] ? message.data() : curl_easy_strerror(result.code);
  if (is_too_long(request, 0)) refuse_long(url, path, options.most_bytes);
  if (request.error != 0) fail_to_write(path, request.error);
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
  if (size_of(path) > options.most_bytes && open_part(path).get() >= 0) fs::remove(path);
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
