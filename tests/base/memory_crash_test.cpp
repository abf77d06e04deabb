#include "ltlab/base/memory_crash.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <functional>

namespace ltlab {
namespace {

constexpr int kActed = 77;

// How a process ends that does this.
int status_after(const std::function<void()>& work) {
  const pid_t process = ::fork();
  if (process == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    for (const int signal : {SIGSEGV, SIGABRT}) std::signal(signal, SIG_DFL);
    on_crash_without_memory([] { ::_exit(kActed); });
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return status;
}

bool acted(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == kActed;
}

TEST_CASE("a crash after an allocation has failed is told from others", "[base]") {
  for (const int signal : {SIGSEGV, SIGABRT}) {
    CHECK(acted(status_after([&] {
      errno = ENOMEM;
      ::raise(signal);
    })));
    const int other = status_after([&] {
      errno = 0;
      ::raise(signal);
    });
    CHECK((WIFSIGNALED(other) && WTERMSIG(other) == signal));
    CHECK(acted(status_after([&] {
      remember_lack_of_memory();
      errno = 0;
      ::raise(signal);
    })));
  }
}

}  // namespace
}  // namespace ltlab
