// Frees what is large on a thread of its own, so that nobody who holds a stripe waits for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace tideway::backend {

/// Thread-safe. The thread starts with the first piece of work and ends, its work done, with the
/// object.
class Reclaimer {
 public:
  /// Pieces that may wait; beyond it the caller frees by itself, which bounds the queue's lag.
  static constexpr size_t kWaitingMax = 4096;

  Reclaimer() = default;
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  /// Deletes the object soon. `count` is what it counts for in pending() and freed().
  template <class T>
  void Free(std::unique_ptr<T> object, size_t count = 1) {
    Add({object.release(), [](void* garbage) { delete static_cast<T*>(garbage); }, count});
  }
  /// Objects that wait to be freed, and those that were since ResetFreed(). Any thread.
  size_t pending() const { return pending_.load(std::memory_order_relaxed); }
  size_t freed() const { return freed_.load(std::memory_order_relaxed); }
  void ResetFreed() { freed_.store(0, std::memory_order_relaxed); }
  /// Waits until everything added before is freed. For tests and for MEMORY PURGE.
  void Drain();

 private:
  struct Garbage {
    void* object;
    void (*free)(void*);
    size_t count;
  };
  void Add(Garbage garbage);
  void Delete(const Garbage& garbage);
  void Run();

  std::atomic<size_t> pending_{0};
  std::atomic<size_t> freed_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Garbage> waiting_;  // guarded by mutex_, as is all below
  size_t unfinished_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tideway::backend
