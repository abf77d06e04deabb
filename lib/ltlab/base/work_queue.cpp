#include "ltlab/base/work_queue.h"

#include <thread>
#include <utility>
#include <vector>

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
    for (unsigned i = 0; i < workers; ++i) threads.emplace_back([this, &stop] { work(stop); });
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
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
    std::exception_ptr failure;
    try {
      task();
    } catch (...) {
      failure = std::current_exception();
      stop.request_stop();
    }
    lock.lock();
    --running_;
    if (failure) {
      waiting_.clear();
      if (!failure_) failure_ = failure;
    }
    changed_.notify_all();
  }
}

}  // namespace ltlab
