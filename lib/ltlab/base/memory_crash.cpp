#include "ltlab/base/memory_crash.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>

namespace ltlab {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

std::atomic<void (*)()> act_without_memory = nullptr;
std::atomic<bool> lacking = false;
std::array<struct sigaction, kCrashes.size()> before;  // a sanitizer's, for instance

std::terminate_handler terminate_before = nullptr;

bool lacks_memory() {
  return errno == ENOMEM || lacking;
}

// Without memory not even an exception can be thrown, and the standard library would first print why it ends.
[[noreturn]] void terminate() {
  if (lacks_memory()) act_without_memory.load()();
  if (terminate_before) terminate_before();
  std::abort();
}

// Restores what was there before, so that the crash happens again and goes its way, unless a program sent it.
void handle(int signal, siginfo_t* cause, void*) {
  if (lacks_memory()) act_without_memory.load()();
  for (std::size_t i = 0; i < kCrashes.size(); ++i) ::sigaction(kCrashes[i], &before[i], nullptr);
  if (cause->si_code <= 0) ::raise(signal);
}

}  // namespace

void remember_lack_of_memory() {
  lacking = true;
}

bool lacked_memory() {
  return lacking;
}

void on_crash_without_memory(void (*act)()) {
  act_without_memory = act;
  if (const auto found = std::set_terminate(terminate); found != terminate) terminate_before = found;
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  for (std::size_t i = 0; i < kCrashes.size(); ++i) {
    struct sigaction found {};
    ::sigaction(kCrashes[i], &action, &found);
    if (found.sa_sigaction != handle) before[i] = found;
  }
}

}  // namespace ltlab
