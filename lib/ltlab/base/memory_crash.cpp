#include "ltlab/base/memory_crash.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace ltlab {
namespace {

constexpr std::array kCrashes = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

std::atomic<void (*)()> act_without_memory = nullptr;
std::atomic<bool> lacking = false;
std::array<struct sigaction, kCrashes.size()> before;  // a sanitizer's, for instance

// Restores what was there before, so that the crash happens again and goes its way, unless a program sent it.
void handle(int signal, siginfo_t* cause, void*) {
  if (errno == ENOMEM || lacking) act_without_memory.load()();
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
