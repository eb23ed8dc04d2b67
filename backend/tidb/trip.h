// One transaction on its way: load, the handlers of its batches, commit, and what follows when an
// answer is missing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "backend/tidb/connection_slot.h"
#include "backend/tidb/tidb_batch.h"
#include "backend/tidb/transaction.h"

namespace tideway::backend {

class ThreadEngine;
struct TidbEngineOptions;

/// Confined to its engine's thread; used for one transaction after another.
class Trip {
 public:
  Trip(ThreadEngine& engine, const TidbEngineOptions& options, FlushTimes& flushes);

  bool free() const { return state_ == State::kFree; }
  /// The outcome of the commit is unknown and no connection is at work to find it out.
  bool wants_fence() const { return state_ == State::kWantsFence || state_ == State::kWantsPast; }
  /// Not right after a try that told nothing.
  bool fence_due(int64_t now_ms) const { return wants_fence() && fence_not_before_ms_ <= now_ms; }

  void Start(ConnectionSlot& slot, std::vector<TidbBatch*> batches);
  void Fence(ConnectionSlot& slot);
  /// Closes the clients whose outcome stays unknown beyond their deadlines. It is still found out,
  /// for those who listen.
  void GiveUpFence(int64_t now_ms);

 private:
  // kWantsPast: it is known that the blind transaction was applied, but not what it found.
  enum class State : uint8_t { kFree, kAtWork, kWantsFence, kWantsPast };

  void Send(std::string_view sql, void (Trip::*answer)(SqlReply));
  void Load();
  void OnFlushAnnounced(SqlReply reply);
  void OnLoaded(SqlReply reply);
  void OnLoadedMore(SqlReply reply);
  void NotLoaded(const Error& error);
  void OnWritten(SqlReply reply);
  void OnPresent(SqlReply reply);
  void OnPast(SqlReply reply);
  void LookAgain(bool lost, const std::string& why);
  void ShowBatches();
  void ShowBatch(TidbBatch& batch, Keyspace& keyspace, int64_t now_ms);
  void TakeBackLateLocks();
  void RunHandlers();
  void SendNextPacket();
  void OnPacket(SqlReply reply);
  void OnCommitted(SqlReply reply);
  void OnFenced(SqlReply reply);
  void NotCommitted(TransactionEnd end);
  void WantFence();
  void End(Outcome outcome, const std::string& detail);
  static void Tell(TidbBatch& batch, Outcome outcome, const std::string& detail,
                   CommitTs commit_ts);
  /// Surely not applied: the batches go again.
  void Again();
  /// The same after a while: the database has trouble.
  void AgainLater(const std::string& why);
  void LostConnection();
  void FenceLater();
  /// Refused together: whose fault it is shows when each goes alone.
  void Refused(const std::string& text);
  using After = ConnectionSlot::After;
  void EndFound(After after);
  void GiveBack(After after);
  int64_t TimeLeftMs() const;

  ThreadEngine& engine_;
  Transaction transaction_;
  State state_ = State::kFree;
  ConnectionSlot* slot_ = nullptr;
  std::vector<TidbBatch*> batches_;
  Marker marker_;
  std::span<const std::string> packets_;  // of a commit, those not sent yet
  CommitTs lost_start_ts_ = 0;            // of the applied transaction whose answer was lost
  std::string fence_;
  int64_t sent_us_ = 0;
  int64_t deadline_ms_ = 0;  // the last of the batches'
  int64_t fence_not_before_ms_ = 0;
  std::vector<std::pair<size_t, Announcement>> unheard_;  // of clients that were closed; by thread
};

}  // namespace tideway::backend
