#pragma once

#include <stop_token>
#include <thread>

namespace ltlab::app {

/// Turns SIGINT and SIGTERM into a request to stop, as long as it lives; a second signal ends the process at
/// once. Create it before any other thread, so that all others leave the signals to it.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  const std::stop_source& source() const { return stop_; }

 private:
  std::stop_source stop_;
  std::jthread listener_;
};

}  // namespace ltlab::app
