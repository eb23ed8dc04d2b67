// What the TiDB engine does on one I/O thread: gathers the batches that wait into transactions and
// drives each over one of the thread's connections.
//
// Batches that are in flight never share a key: what follows waits, in order of arrival, so that a
// key's commands run in the order in which they came. After a second conflict a batch travels
// only with batches about the same keys, so that one hot key does not hold up its neighbours and is
// itself as fast as many clients can be together.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backend/clock.h"
#include "backend/tidb/connection_slot.h"
#include "backend/tidb/flush_times.h"
#include "backend/tidb/tidb_batch.h"
#include "backend/tidb/tidb_counters.h"
#include "backend/tidb/transaction.h"
#include "backend/tidb/tso_clock.h"

namespace tideway::backend {

class DurabilityQueue;
class Trip;

/// What the engines of all threads share. Set before the first batch.
struct TidbEngineOptions {
  uint32_t databases = 16;
  size_t connections = 4;              // a thread
  int64_t connection_lifetime_ms = 0;  // 0: no limit
  int64_t backend_timeout_ms = 3'000;
  size_t value_bytes_max = size_t{64} << 20;
  size_t txn_keys_max = 100'000;
  std::vector<SqlEndpoint> endpoints;
};

/// Confined to its I/O thread.
class ThreadEngine {
 public:
  ThreadEngine(const TidbEngineOptions& options, const Clock& clock, TsoClock& time,
               TidbCounters& counters, DurabilityQueue& lanes, ThreadPort& port, size_t index);
  ~ThreadEngine();

  /// Begins to connect. On the thread, once.
  void Start();

  Progress Load(TidbBatch& batch);
  Progress Commit(TidbBatch& batch);

  /// Called before each attempt's handlers: fits the view to the settings of the moment.
  std::function<void(View&)> prepare_view;

 private:
  friend class Trip;

  void SchedulePump();
  void RefuseTooMany(TidbBatch& batch);
  void Pump();
  /// Takes the batches of the next transaction out of waiting_; empty when none can go now.
  std::vector<TidbBatch*> TakeNext();
  bool Collides(const TidbBatch& batch, const std::unordered_set<uint64_t>& passed) const;
  void Hold(const TidbBatch& batch, bool hold);
  ConnectionSlot* IdleSlot();
  void LookAfterConnections();
  void GiveUpLate();
  void WatchDeadlines();
  int64_t NowUs() const { return clock_.MonotonicUs(); }
  int64_t NowMs() const { return NowUs() / 1000; }

  // --- for trips
  /// What the batch announced may be told.
  void Announce(size_t thread, const Announcement& announcement);
  void CountEnd(Outcome outcome, const std::vector<TidbBatch*>& batches, bool writes);
  /// Their keys are free for others.
  void Release(const std::vector<TidbBatch*>& batches);
  /// They go again, before everything that waits.
  void RunAgain(const std::vector<TidbBatch*>& batches);
  std::string TimeoutText() const;

  const TidbEngineOptions& options_;
  const Clock& clock_;
  TsoClock& time_;
  TidbCounters& counters_;
  DurabilityQueue& lanes_;
  ThreadPort& port_;
  FlushTimes flushes_;
  std::string last_trouble_;  // of the database, for people
  std::vector<std::unique_ptr<ConnectionSlot>> slots_;
  std::vector<std::unique_ptr<Trip>> trips_;  // a slot each, reused
  std::deque<TidbBatch*> waiting_;
  std::unordered_map<uint64_t, uint32_t> busy_;  // keys in flight, by hash of database and key
  bool pump_scheduled_ = false;
  std::unique_ptr<Waiter> deadline_timer_;
  bool deadline_watched_ = false;
  std::unique_ptr<Waiter> connections_timer_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace tideway::backend
