// Runs commands: plans a batch, loads it, runs the handlers in order, commits, then lets the
// replies and the events out. One per worker.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/store.h"
#include "resp/batch_plan.h"
#include "resp/command/command_table.h"
#include "resp/protocol/byte_buffer.h"
#include "resp/protocol/reply_writer.h"
#include "resp/subscriptions.h"

namespace tideway::resp {

class Session;
class Worker;
struct TransactionState;
struct WatchedKey;

/// Confined to its worker's thread.
class Executor {
 public:
  explicit Executor(Worker& worker);
  ~Executor();

  /// Runs the requests of one client in order and returns how many were taken. Fewer than all when
  /// the session was suspended or closed on the way: the rest must be offered again later (after
  /// Transport::Resume), respectively dropped. The argument views must stay valid during the call.
  size_t Run(Session& session, std::span<const Args> requests);

  /// EXEC: runs what was queued, each reply as one element. Called by the EXEC handler.
  void RunQueued(Session& session, ReplyWriter& reply);

  /// PUBLISH: counts the receivers now; the message leaves when what was written before it in the
  /// same batch is committed.
  uint64_t Publish(Session& session, ChannelKind kind, std::string_view channel,
                   std::string_view payload);

  /// The running command's argument `index` is a secret: SLOWLOG and MONITOR show "(redacted)".
  void HideArgument(size_t index) { hidden_.push_back(index); }

  /// The running command subscribed its client: it must not hear what came before it in its batch,
  /// which is told only when the batch has been committed.
  void SubscriptionBegan(ChannelKind kind, std::string_view channel);

  /// A client's MULTI or WATCH is over. Ends the store's interest in watched keys, after the batch
  /// that holds them; keeps the queue while its batch may have to run again.
  void EndTransaction(std::unique_ptr<TransactionState> transaction);

  /// The session goes away; a batch of its that is in flight ends without a reply.
  void Forget(Session& session);

 private:
  using Planned = BatchPlan::Planned;
  class BatchRun;

  BatchRun& Acquire();
  size_t LoadAndRun(BatchRun& run, Session& session);
  void OnLoaded(BatchRun& run);
  void RunForNobody(BatchRun& run);
  void PrepareAttempt(BatchRun& run, Session& session);
  size_t RunHandlers(BatchRun& run, Session& session);
  bool ExecuteOne(BatchRun& run, Session& session, const Planned& planned);
  void Invoke(BatchRun& run, Session& session, const Command& row, size_t index, Args args);
  void Tell(Session& session, const Command& row, size_t index, Args args, int64_t start_us);
  void EndOversized(BatchRun& run, Session& session, const Command& row);
  void Refuse(BatchRun& run, Session& session);
  void Finish(BatchRun& run);
  void Release(BatchRun& run);
  void Announce(BatchRun& run);

  Worker& worker_;
  std::vector<std::unique_ptr<BatchRun>> runs_;  // all ever made
  std::vector<BatchRun*> idle_;
  BatchRun* current_ = nullptr;  // while handlers run
  std::vector<size_t> hidden_;   // arguments of the running command
};

}  // namespace tideway::resp
