// The lock of a stripe.
#pragma once

#include <atomic>
#include <cstdint>
#ifndef NDEBUG
#include <thread>
#endif

namespace tideway::backend {

/// A mutex of four bytes, for std::lock_guard and the like; not recursive, not fair. Next to
/// std::mutex it is inlined, leaves its cache line to the stripe's data, and lets one thread hold
/// all stripes and more besides (ThreadSanitizer's deadlock detector stops at 64 of the others).
/// Builds with asserts abort when the holder locks it again, which would wait for ever.
class StripeMutex {
 public:
  bool try_lock() {
    uint32_t expected = kFree;
    const bool taken = state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                                      std::memory_order_relaxed);
    if (taken) NoteHolder(true);
    return taken;
  }
  void lock() {
    if (!try_lock()) LockSlowly();
  }
  void unlock() {
    NoteHolder(false);
    if (state_.exchange(kFree, std::memory_order_release) == kAwaited) state_.notify_one();
  }

 private:
  enum : uint32_t { kFree, kHeld, kAwaited };

  void LockSlowly();

#ifndef NDEBUG
  void NoteHolder(bool held) {
    holder_.store(held ? std::this_thread::get_id() : std::thread::id(), std::memory_order_relaxed);
  }
  void CheckNotHeldHere() const;
  std::atomic<std::thread::id> holder_{};
#else
  void NoteHolder(bool) {}
  void CheckNotHeldHere() const {}
#endif

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace tideway::backend
