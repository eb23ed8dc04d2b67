#include "backend/clock.h"

#include <chrono>

namespace tideway::backend {

int64_t SystemClock::WallUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t SystemClock::MonotonicUs() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

CommitTs HybridClock::Next() {
  const auto wall = static_cast<CommitTs>(clock_.WallMs()) << kCommitTsLogicalBits;
  CommitTs last = last_.load(std::memory_order_relaxed);
  CommitTs next = 0;
  do {
    next = wall > last ? wall : last + 1;
  } while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
  return next;
}

void HybridClock::RaiseTo(CommitTs floor) {
  CommitTs last = last_.load(std::memory_order_relaxed);
  while (last < floor && !last_.compare_exchange_weak(last, floor, std::memory_order_relaxed)) {
  }
}

}  // namespace tideway::backend
