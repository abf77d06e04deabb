#include "ltlab/base/work_queue.h"

#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "ltlab/base/error.h"

namespace ltlab {

void WorkQueue::push(std::int64_t rank, std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (failure_) return;
  waiting_.emplace(rank, std::move(task));
  changed_.notify_one();
}

void WorkQueue::run(unsigned workers, std::stop_source stop) {
  {
    std::vector<std::jthread> threads;
    try {
      for (unsigned i = 0; i < workers; ++i) threads.emplace_back([this, &stop] { work(stop); });
    } catch (const std::system_error& error) {
      fail(std::make_exception_ptr(IoError(std::string("the system starts no more threads: ") + error.what() +
                                           "; end other programs, or take fewer workers")),
           stop);
    } catch (...) {
      fail(std::current_exception(), stop);
    }
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

// After this, no further task is begun.
void WorkQueue::fail(const std::exception_ptr& failure, std::stop_source& stop) {
  stop.request_stop();
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  if (!failure_) failure_ = failure;
  changed_.notify_all();
}

void WorkQueue::work(std::stop_source& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    // A running task may yet push others, so an empty queue alone is not the end.
    changed_.wait(lock, [&] { return !waiting_.empty() || running_ == 0; });
    if (waiting_.empty()) return;
    const std::function<void()> task = std::move(waiting_.extract(waiting_.begin()).mapped());
    ++running_;
    lock.unlock();
    try {
      task();
    } catch (...) {
      fail(std::current_exception(), stop);
    }
    lock.lock();
    --running_;
    changed_.notify_all();
  }
}

}  // namespace ltlab
