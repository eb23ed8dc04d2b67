#include "resp/executor.h"

#include <algorithm>

#include "backend/data/key_hash.h"
#include "backend/limits.h"
#include "resp/call.h"
#include "resp/command_account.h"
#include "resp/gate.h"
#include "resp/monitor_feed.h"
#include "resp/news.h"
#include "resp/session.h"
#include "resp/worker.h"

namespace tideway::resp {

using backend::Outcome;
using backend::Progress;
using backend::ReadScope;

namespace {
// Commands under one load: enough to share its cost, few enough that others get at the stripes.
constexpr size_t kBatchCommandsMax = 128;
// A reply buffer that grew beyond this is given back after the batch.
constexpr size_t kReplyBytesKept = 64 * 1024;

// CLIENT REPLY OFF, or SKIP's one command.
bool IsSilent(const Session& session) {
  return session.reply_mode == ReplyMode::kOff || session.reply_mode == ReplyMode::kSkipping;
}

// What may wait for this client in all less what waits already, by its hard bound.
size_t OutputRoom(const Session& session, const Settings& settings) {
  const int64_t hard = OutputLimitOf(session, settings).hard_bytes;
  if (hard <= 0) return ReplyWriter::kUnlimited;
  const auto waiting = static_cast<int64_t>(session.transport.output().bytes());
  return static_cast<size_t>(std::max<int64_t>(hard - waiting, 1));
}

// The first word of an error text, for INFO errorstats.
std::string_view ErrorCode(std::string_view text) { return text.substr(0, text.find(' ')); }
}  // namespace

// A batch on its way: one client's commands between load and reply. Reused.
class Executor::BatchRun final : public backend::BatchOwner {
 public:
  explicit BatchRun(Executor& executor)
      : reply(&buffer),
        executor_(executor),
        batch(executor.worker_.server().store.MakeBatch(*this, executor.worker_.index())) {}

  void OnLoaded(backend::Batch&) override {
    if (session != nullptr) executor_.RunHandlers(*this, *session);
  }
  void OnCommitted(backend::Batch&) override { executor_.Finish(*this); }

  ByteBuffer buffer;
  ReplyWriter reply;

 private:
  Executor& executor_;

 public:
  std::unique_ptr<backend::Batch> batch;
  Session* session = nullptr;  // null once the client went away
  std::vector<Planned> plan;
  BatchMessages messages;
  std::vector<WatchedKey> unwatch;
  bool inspects = false;  // runs while the other workers rest
  bool wrote = false;
  bool pending = false;  // Commit did not finish at once
};

Executor::Executor(Worker& worker) : worker_(worker) {}
Executor::~Executor() = default;

Executor::BatchRun& Executor::Acquire() {
  if (idle_.empty()) {
    runs_.push_back(std::make_unique<BatchRun>(*this));
    return *runs_.back();
  }
  BatchRun& run = *idle_.back();
  idle_.pop_back();
  return run;
}

size_t Executor::Run(Session& session, std::span<const Args> requests) {
  // What other threads told before these requests came is heard before what they tell.
  worker_.server().store.Deliver(worker_.index());
  size_t taken = 0;
  while (taken < requests.size() && session.suspension == Suspension::kNone && !session.ending()) {
    BatchRun& run = Acquire();
    run.session = &session;
    const size_t planned = Plan(run, session, requests.subspan(taken));
    if (run.inspects) {
      worker_.RunExclusively([&] { taken += LoadAndRun(run, session, planned); });
    } else {
      taken += LoadAndRun(run, session, planned);
    }
  }
  return taken;
}

// Returns how many of the planned requests were taken.
size_t Executor::LoadAndRun(BatchRun& run, Session& session, size_t planned) {
  if (worker_.server().store.Load(*run.batch) == Progress::kDone) return RunHandlers(run, session);
  run.pending = true;
  session.suspension = Suspension::kInFlight;
  return planned;
}

// Looks up the commands of the next batch and what they read. A command that must run alone ends
// the batch before it.
size_t Executor::Plan(BatchRun& run, Session& session, std::span<const Args> requests) {
  run.plan.clear();
  run.inspects = false;
  const CommandTable& table = CommandTable::Get();
  // Who listens hears of each command of its own right before that command's reply.
  const size_t count = session.subscribed() ? 1 : std::min(requests.size(), kBatchCommandsMax);
  for (size_t i = 0; i < count; ++i) {
    const Resolved command = table.Resolve(requests[i]);
    if (command.row != nullptr) {
      const bool alone = command.row->Has(kAlone | kInspects);
      if (alone && i > 0) break;
      if (ArityFits(*command.row, requests[i].size())) {
        PlanReads(run, *command.row, requests[i], session.db);
      }
      run.inspects = run.inspects || command.row->Has(kInspects);
      if (command.row->Has(kReadsQueue)) PlanQueue(run, session);
      run.plan.push_back({command, requests[i]});
      // EXEC may hold commands that must end a batch, too.
      if (alone || command.row->Has(kReadsQueue)) break;
    } else {
      run.plan.push_back({command, requests[i]});
    }
  }
  return run.plan.size();
}

void Executor::PlanReads(BatchRun& run, const Command& row, Args args, uint32_t db) {
  if (row.reads == ReadScope::kNothing) return;
  if (row.reads == ReadScope::kEverything) {
    run.batch->reads_everything = true;
    return;
  }
  ForEachKey(row, args, [&](size_t index) {
    run.batch->reads.push_back({backend::KeyHash(args[index]), db, row.reads, args[index]});
  });
}

// EXEC reads what was queued and what is watched.
void Executor::PlanQueue(BatchRun& run, Session& session) {
  TransactionState* const transaction = session.transaction_if();
  if (transaction == nullptr) return;
  for (const WatchedKey& watched : transaction->watched) {
    run.batch->reads.push_back(
        {backend::KeyHash(watched.key), watched.db, ReadScope::kKey, watched.key});
  }
  std::vector<std::string_view> views;
  for (const QueuedCommand& queued : transaction->queue) {
    views.assign(queued.args.begin(), queued.args.end());
    PlanReads(run, *queued.row, views, session.db);
    run.inspects = run.inspects || queued.row->Has(kInspects);
  }
}

size_t Executor::RunHandlers(BatchRun& run, Session& session) {
  current_ = &run;
  run.wrote = false;
  backend::View& view = run.batch->view();
  view.set_now_ms(worker_.server().clock.WallMs());
  run.reply.set_bytes_max(static_cast<size_t>(worker_.settings().reply_bytes_max));
  run.reply.set_output_bytes_max(OutputRoom(session, worker_.settings()));
  size_t done = 0;
  while (done < run.plan.size() && !session.ending()) {
    if (!ExecuteOne(run, session, run.plan[done])) break;
    ++done;
    if (view.changes().size() > limits::kBatchChangeBytes) break;
  }
  current_ = nullptr;
  Announce(run);
  if (worker_.server().store.Commit(*run.batch) == Progress::kPending) {
    run.pending = true;
    session.suspension = Suspension::kInFlight;
  } else {
    Finish(run);
  }
  return done;
}

// False when the command must wait and did not run.
bool Executor::ExecuteOne(BatchRun& run, Session& session, const Planned& planned) {
  const Command* const row = planned.command.row;
  run.reply.set_version(session.resp_version());
  run.reply.StartReply();
  const ReplyWriter::Mark mark = run.reply.mark();
  const bool was_silent = IsSilent(session);
  std::string error;
  switch (CheckCommand(planned.command, planned.args, session, worker_, error)) {
    case Verdict::kRun:
      Invoke(run, session, *row, planned.command.index, planned.args);
      if (run.reply.overflowed()) [[unlikely]]
        EndOversized(run, session, *row);
      break;
    case Verdict::kQueue: {
      TransactionState& transaction = session.transaction();
      transaction.queue_flags |= row->flags;
      transaction.queue.push_back(
          {row, planned.command.index, {planned.args.begin(), planned.args.end()}});
      run.reply.Queued();
      break;
    }
    case Verdict::kRefuse:
      if (row != nullptr) ++worker_.stats().commands[planned.command.index].rejected_calls;
      run.reply.Error(error);
      worker_.CountError(ErrorCode(error));
      break;
    case Verdict::kSuspend:
      session.suspension = Suspension::kPaused;
      return false;
    case Verdict::kClose:
      session.transport.Close();
      break;
  }
  // EXEC drops the replies of its commands one by one, as CLIENT REPLY among them says.
  const bool whole = row == nullptr || was_silent || !row->Has(kReadsQueue);
  const bool pushes = row != nullptr && row->Has(kPushes);
  if (whole && !pushes && IsSilent(session)) run.reply.Rollback(mark);
  if (session.reply_mode == ReplyMode::kSkipping) session.reply_mode = ReplyMode::kOn;
  if (session.reply_mode == ReplyMode::kSkipNext) session.reply_mode = ReplyMode::kSkipping;
  return true;
}

void Executor::Invoke(BatchRun& run, Session& session, const Command& row, size_t index,
                      Args args) {
  ServerContext& server = worker_.server();
  const int64_t start_us = server.clock.MonotonicUs();
  session.last_command = &row;
  ++session.commands;
  run.wrote = run.wrote || row.Has(kWrite);
  backend::View& view = run.batch->view();
  view.set_db(session.db);
  run.reply.ClearErrors();
  if (row.data != nullptr) {
    row.data(view, args, run.reply);
  } else {
    Call call{row, args, run.reply, session, worker_, server, view, *this};
    row.session(call);
  }
  if (hidden_.empty()) [[likely]] {
    Tell(session, row, index, args, start_us);
  } else {
    std::vector<std::string_view> shown(args.begin(), args.end());
    for (const size_t hidden : hidden_) shown[hidden] = "(redacted)";
    hidden_.clear();
    Tell(session, row, index, shown, start_us);
  }
}

// What the server remembers of a command that ran, and whom it tells: `args` as they may be shown.
void Executor::Tell(Session& session, const Command& row, size_t index, Args args,
                    int64_t start_us) {
  ServerContext& server = worker_.server();
  AccountCommand(worker_, session, row, index, args, start_us, current_->reply);
  // After the command, so that EXEC stands behind what it ran.
  if (server.monitors.active() && !row.Has(kSkipMonitor | kAdmin)) {
    FeedMonitors(server, session, args);
  }
}

// The command has run all the same, as in Redis, unless it looked at overflowed() before a change.
void Executor::EndOversized(BatchRun& run, Session& session, const Command& row) {
  if (run.reply.over_output_limit() && !IsSilent(session)) {
    if (session.transport.closing()) return;
    return worker_.CloseOverOutputLimit(session,
                                        session.transport.output().bytes() + run.buffer.size());
  }
  run.reply.ReplaceReply("ERR reply of '" + CommandTable::FullName(row) + "' is larger than " +
                         std::to_string(worker_.settings().reply_bytes_max) +
                         " bytes (reply-bytes-max)");
}

void Executor::RunQueued(Session& session, ReplyWriter& reply) {
  // The transaction stays open while its commands run, as CLIENT INFO among them shows; none of
  // them can end it, because what ends transactions is never queued.
  const std::vector<QueuedCommand>& queue = session.transaction().queue;
  reply.Array(queue.size());
  std::vector<std::string_view> args;
  for (const QueuedCommand& queued : queue) {
    args.assign(queued.args.begin(), queued.args.end());
    const ReplyWriter::Mark mark = reply.mark();
    reply.StartReply();  // each element has the bound of a reply
    Invoke(*current_, session, *queued.row, queued.index, args);
    if (reply.overflowed()) EndOversized(*current_, session, *queued.row);
    if (IsSilent(session) && !queued.row->Has(kPushes)) reply.Rollback(mark);
  }
  session.DropTransaction();
  reply.ClearErrors();  // counted one by one: EXEC itself did not fail
}

uint64_t Executor::Publish(Session& session, ChannelKind kind, std::string_view channel,
                           std::string_view payload) {
  BatchRun& run = *current_;
  // A message must overtake neither a write nor an event of its own batch (a read can tell
  // `expired` and `keymiss`), nor its sender's reply when the sender listens itself.
  const bool first = !run.wrote && run.batch->view().events().empty() && run.messages.empty();
  if (first && !session.subscribed()) {
    return worker_.Publish(kind, channel, payload);
  }
  run.messages.Publish(kind, channel, payload, run.batch->view().events().size());
  return worker_.Receivers(kind, channel);
}

void Executor::SubscriptionBegan(ChannelKind kind, std::string_view channel) {
  current_->messages.SubscriptionBegan(kind, channel, current_->batch->view().events().size());
}

void Executor::Unwatch(std::vector<WatchedKey> watched) {
  if (current_ != nullptr) {
    // The batch holds the keys: after it.
    auto& later = current_->unwatch;
    later.insert(later.end(), std::make_move_iterator(watched.begin()),
                 std::make_move_iterator(watched.end()));
    return;
  }
  for (const WatchedKey& key : watched) worker_.server().store.Unwatch(key.db, key.key);
}

// What the batch tells its listeners is handed over with the commit, which keeps it in order.
void Executor::Announce(BatchRun& run) {
  worker_.FlushOutbox();
  backend::View& view = run.batch->view();
  if (view.events().empty() && run.messages.empty()) return;
  if (worker_.anyone_listens()) {
    run.batch->announcement = worker_.Announce(
        {view.TakeEvents(), run.messages.Take(), worker_.index(), run.session->id});
  }
  run.messages.Clear();
}

void Executor::Finish(BatchRun& run) {
  Session* const session = run.session;
  const bool applied = run.batch->outcome == Outcome::kCommitted;
  // Messages leave before the reply: who reads it may have a client of another thread subscribe,
  // which must not hear what came before. And as in Redis a client's own messages stand before the
  // reply of the command that caused them, unless that is an EXEC, which may hold the subscription.
  const bool reply_first = session != nullptr && session->subscribed() && !run.plan.empty() &&
                           run.plan.back().command.row != nullptr &&
                           run.plan.back().command.row->Has(kReadsQueue);
  if (!reply_first) worker_.server().store.Deliver(worker_.index());
  if (session != nullptr) {
    if (applied) {
      session->transport.Send(run.buffer.view());
    } else {
      // Not known to be applied: a client can only treat a closed connection as unknown.
      session->transport.Close();
    }
  }
  if (reply_first) worker_.server().store.Deliver(worker_.index());
  run.session = nullptr;
  run.buffer.Clear();
  run.buffer.Shrink(kReplyBytesKept);
  run.batch->Reset();
  for (const WatchedKey& key : run.unwatch) worker_.server().store.Unwatch(key.db, key.key);
  run.unwatch.clear();
  const bool was_pending = std::exchange(run.pending, false);
  idle_.push_back(&run);
  if (was_pending && session != nullptr) {
    session->suspension = Suspension::kNone;
    session->transport.Resume();
  }
}

void Executor::Forget(Session& session) {
  for (const auto& run : runs_)
    if (run->session == &session) run->session = nullptr;
}

}  // namespace tideway::resp
