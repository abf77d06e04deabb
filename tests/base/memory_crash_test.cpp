#include "ltlab/base/memory_crash.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <exception>
#include <functional>

namespace ltlab {
namespace {

constexpr int kActed = 77;

struct Ending {
  int status = 0;
  bool printed = false;
};

// How a process ends that does this, and whether it printed anything.
Ending ending_after(const std::function<void()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    for (const int signal : {SIGSEGV, SIGABRT}) std::signal(signal, SIG_DFL);
    on_crash_without_memory([] { ::_exit(kActed); });
    work();
    ::_exit(0);
  }
  ::close(ends[1]);
  Ending ending;
  char byte = 0;
  ending.printed = ::read(ends[0], &byte, 1) > 0;
  ::close(ends[0]);
  ::waitpid(process, &ending.status, 0);
  return ending;
}

int status_after(const std::function<void()>& work) {
  return ending_after(work).status;
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

TEST_CASE("an exception that cannot be thrown for lack of memory ends the process without other words",
          "[base]") {
  const Ending lacking = ending_after([] {
    errno = ENOMEM;
    std::terminate();
  });
  CHECK(acted(lacking.status));
  CHECK_FALSE(lacking.printed);
  const Ending other = ending_after([] {
    errno = 0;
    std::terminate();
  });
  CHECK((WIFSIGNALED(other.status) && WTERMSIG(other.status) == SIGABRT));
  CHECK(other.printed);
}

}  // namespace
}  // namespace ltlab
