#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace ltlab::test {

/// Runs tests/data/web_server.py on loopback over the files of a folder, until it is destroyed.
class WebServer {
 public:
  explicit WebServer(const std::filesystem::path& folder);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// Base URL of the files, served in that manner: see web_server.py.
  std::string url(const std::string& manner) const;
  /// The requests so far: "MANNER NAME FIRST-BYTE".
  std::vector<std::string> requests() const;

 private:
  std::filesystem::path log_;
  pid_t process_ = -1;
  int standard_input_ = -1;
  std::string port_;
};

}  // namespace ltlab::test
