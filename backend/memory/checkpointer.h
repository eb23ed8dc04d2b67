// Writes checkpoints of a keyspace in the background, slice by slice, while it is in use.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "backend/data/keyspace.h"
#include "backend/journal.h"
#include "backend/result.h"

namespace tideway::backend {

/// One thread, which sleeps until it is asked. Start() and Stop() from any thread.
class Checkpointer {
 public:
  Checkpointer(Keyspace& keyspace, Journal& journal) : keyspace_(keyspace), journal_(journal) {}
  ~Checkpointer() { Stop(); }

  /// Begins a checkpoint; kBusy when one runs.
  Status Start();
  /// Gives up a running checkpoint and ends the thread.
  void Stop();
  bool running() const { return running_.load(std::memory_order_relaxed); }

 private:
  void Run();
  Status WriteOne();
  Status WriteSlices(CheckpointWriter& writer);

  Keyspace& keyspace_;
  Journal& journal_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
  bool wanted_ = false;  // guarded by mutex_
  std::atomic<bool> stop_{false};
  std::atomic<bool> running_{false};
};

}  // namespace tideway::backend
