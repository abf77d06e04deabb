#include "stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <string>
#include <system_error>

#include "ltlab/base/error.h"

namespace ltlab::app {
namespace {

sigset_t stopping_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

void listen(const std::stop_token& end, const std::stop_source& stop) {
  const sigset_t signals = stopping_signals();
  const timespec patience{0, 100'000'000};
  while (!end.stop_requested()) {
    if (sigtimedwait(&signals, nullptr, &patience) < 0) continue;
    if (!stop.request_stop()) _exit(static_cast<int>(ExitStatus::interrupted));
  }
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t signals = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  try {
    listener_ = std::jthread([stop = stop_](const std::stop_token& end) { listen(end, stop); });
  } catch (const std::system_error& error) {
    throw IoError(std::string("the system starts no more threads: ") + error.what() + "; end other programs");
  }
}

StopSignals::~StopSignals() {
  listener_.request_stop();
  listener_.join();
  const sigset_t signals = stopping_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace ltlab::app
