#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>

namespace ltlab {

/// Tasks for a few workers, the most urgent first. A task may push further tasks.
class WorkQueue {
 public:
  /// Tasks of lower `rank` run first; of equal rank, those pushed first.
  void push(std::int64_t rank, std::function<void()> task);
  /// Runs all tasks, also those pushed meanwhile, on `workers` threads. When a task throws, asks `stop` to
  /// stop, lets the running tasks end, drops the waiting ones and what those push, and rethrows the first
  /// exception. IoError, likewise, where the system starts no more threads.
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
