#include "data/web_server.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace ltlab::test {

WebServer::WebServer(const std::filesystem::path& folder) : log_(folder / "requests.log") {
  setenv("no_proxy", "127.0.0.1", 1);
  const std::string script = LTLAB_TESTS "/data/web_server.py";
  const std::string root = folder.string(), log = log_.string();
  int to_server[2], from_server[2];
  if (pipe(to_server) != 0 || pipe(from_server) != 0) throw std::runtime_error("cannot make pipes");
  process_ = fork();
  if (process_ == 0) {
    dup2(to_server[0], STDIN_FILENO);
    dup2(from_server[1], STDOUT_FILENO);
    // The ends of the test's own must not stay open here, or the server never sees its input close.
    for (const int end : {to_server[0], to_server[1], from_server[0], from_server[1]}) close(end);
    execl("/usr/bin/python3", "python3", "-B", script.c_str(), root.c_str(), log.c_str(), nullptr);
    _exit(127);
  }
  close(to_server[0]);
  close(from_server[1]);
  standard_input_ = to_server[1];
  char c = 0;
  while (read(from_server[0], &c, 1) == 1 && c != '\n') port_ += c;
  close(from_server[0]);
  if (port_.empty())
    throw std::runtime_error("the test's web server does not start; it needs /usr/bin/python3");
}

WebServer::~WebServer() {
  close(standard_input_);
  waitpid(process_, nullptr, 0);
}

std::string WebServer::url(const std::string& manner) const {
  return "http://127.0.0.1:" + port_ + "/" + manner;
}

std::vector<std::string> WebServer::requests() const {
  std::ifstream log(log_);
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) lines.push_back(line);
  return lines;
}

}  // namespace ltlab::test
