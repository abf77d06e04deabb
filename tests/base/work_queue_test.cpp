#include "ltlab/base/work_queue.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

using namespace ltlab;

TEST_CASE("All tasks run, also those that tasks push", "[work_queue][threads]") {
  for (const unsigned workers : {1u, 2u, 5u}) {
    WorkQueue queue;
    std::atomic<int> ran = 0;
    for (int i = 0; i < 10; ++i) {
      queue.push(i, [&] {
        ++ran;
        queue.push(0, [&] { ++ran; });
      });
    }
    queue.run(workers, {});
    CHECK(ran == 20);
  }
}

TEST_CASE("One worker takes tasks by rank, equal ranks in the order pushed", "[work_queue][threads]") {
  WorkQueue queue;
  std::vector<int> order;
  const auto task = [&](int name) { return [&order, name] { order.push_back(name); }; };
  queue.push(2, task(1));
  queue.push(1, task(2));
  queue.push(2, task(3));
  queue.push(0, task(4));
  queue.run(1, {});
  CHECK(order == std::vector<int>{4, 2, 1, 3});
}

TEST_CASE("A failing task stops the others and its exception comes out", "[work_queue][threads]") {
  WorkQueue queue;
  std::stop_source stop;
  std::atomic<int> after = 0;
  queue.push(0, [] { throw std::runtime_error("broken"); });
  for (int i = 0; i < 100; ++i) queue.push(1, [&] { ++after; });
  CHECK_THROWS_WITH(queue.run(1, stop), "broken");
  CHECK(stop.stop_requested());
  CHECK(after == 0);
}
