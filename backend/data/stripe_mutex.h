// The lock of a stripe.
#pragma once

#include <atomic>
#include <cstdint>

namespace tideway::backend {

/// A mutex of four bytes, for std::lock_guard and the like; not recursive, not fair. Next to
/// std::mutex it is inlined, leaves its cache line to the stripe's data, and lets one thread hold
/// all stripes and more besides (ThreadSanitizer's deadlock detector stops at 64 of the others).
class StripeMutex {
 public:
  bool try_lock() {
    uint32_t expected = kFree;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void lock() {
    if (!try_lock()) LockSlowly();
  }
  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited) state_.notify_one();
  }

 private:
  enum : uint32_t { kFree, kHeld, kAwaited };

  void LockSlowly();

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace tideway::backend
