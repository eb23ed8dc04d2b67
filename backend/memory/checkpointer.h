// Writes checkpoints of a keyspace in the background, slice by slice, while it is in use.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

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
  /// How the newest one ended. Any thread.
  bool last_ok() const { return failures_.load(std::memory_order_relaxed) == 0; }
  /// Failures since one succeeded.
  uint32_t failures() const { return failures_.load(std::memory_order_relaxed); }
  /// Seconds that the newest one took, however it ended; -1 before the first.
  int64_t last_seconds() const { return last_seconds_.load(std::memory_order_relaxed); }
  bool running() const { return running_.load(std::memory_order_relaxed); }

 private:
  void Run();
  Status WriteOne();
  Result<std::unique_ptr<CheckpointWriter>> Begin(std::vector<uint32_t>& tables);
  Status WriteSlices(CheckpointWriter& writer, const std::vector<uint32_t>& tables);

  Keyspace& keyspace_;
  Journal& journal_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
  bool wanted_ = false;  // guarded by mutex_
  std::atomic<bool> stop_{false};
  std::atomic<bool> running_{false};
  std::atomic<uint32_t> failures_{0};
  std::atomic<int64_t> last_seconds_{-1};
};

}  // namespace tideway::backend
