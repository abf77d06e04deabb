#include "stop_signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <latch>
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
  while (!end.stop_requested()) {
    if (sigwaitinfo(&signals, nullptr) < 0 || end.stop_requested()) continue;
    if (!stop.request_stop()) _exit(static_cast<int>(ExitStatus::interrupted));
  }
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t signals = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // After this, no fork meets a thread that is still beginning, when it may be allocating.
  std::latch listening(1);
  try {
    listener_ = std::jthread([&listening, stop = stop_](const std::stop_token& end) {
      listening.count_down();
      listen(end, stop);
    });
  } catch (const std::system_error& error) {
    throw IoError(std::string("the system starts no more threads: ") + error.what() + "; end other programs");
  }
  listening.wait();
}

StopSignals::~StopSignals() {
  listener_.request_stop();
  pthread_kill(listener_.native_handle(), SIGINT);  // which only this thread gets, and wakes up by
  listener_.join();
  const sigset_t signals = stopping_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace ltlab::app
