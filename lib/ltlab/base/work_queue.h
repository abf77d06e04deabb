#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>

namespace ltlab {

/// A queue of tasks for a few workers, the most urgent first. A task may push further tasks.
class WorkQueue {
 public:
  /// Adds a task. Tasks of lower `rank` run first; of equal rank, the one pushed first.
  void push(std::int64_t rank, std::function<void()> task);
  /// Runs all tasks, also those pushed meanwhile, on `workers` threads. When a task throws, asks `stop` to
  /// stop, lets the running tasks end, drops the waiting tasks and any that the running ones push, and
  /// rethrows the first exception. Ends the same way with an IoError where the system starts no more threads.
  void run(unsigned workers, std::stop_source stop);

 private:
  void work(std::stop_source& stop);
  void fail(const std::exception_ptr& failure, std::stop_source& stop);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::int64_t, std::function<void()>> waiting_;
  unsigned running_ = 0;
  std::exception_ptr failure_;
};

}  // namespace ltlab
