// Frees what is large on a thread of its own, so that nobody who holds a stripe waits for it.
#pragma once

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

  /// Deletes the object soon.
  template <class T>
  void Free(std::unique_ptr<T> object) {
    Add({object.release(), [](void* garbage) { delete static_cast<T*>(garbage); }});
  }
  /// Waits until everything added before is freed. For tests and for MEMORY PURGE.
  void Drain();

 private:
  struct Garbage {
    void* object;
    void (*free)(void*);
  };
  void Add(Garbage garbage);
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Garbage> waiting_;  // guarded by mutex_, as is all below
  size_t unfinished_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tideway::backend
