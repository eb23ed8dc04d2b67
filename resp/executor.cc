#include "resp/executor.h"

#include <algorithm>
#include <iterator>

#include "backend/data/key_hash.h"
#include "backend/limits.h"
#include "resp/batch_run.h"
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

namespace {
// A reply buffer that grew beyond this is given back after the batch.
constexpr size_t kReplyBytesKept = 64 * 1024;

// What may wait for this client in all less what waits already, by its hard bound.
size_t OutputRoom(const Session& session, const Settings& settings) {
  const int64_t hard = OutputLimitOf(session, settings).hard_bytes;
  if (hard <= 0) return ReplyWriter::kUnlimited;
  const auto waiting = static_cast<int64_t>(session.transport.output().bytes());
  return static_cast<size_t>(std::max<int64_t>(hard - waiting, 1));
}
}  // namespace

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
    run.plan.Make(session, worker_, requests.subspan(taken), *run.batch, BatchPlan::Start::kFirst);
    if (run.plan.paused()) {
      session.suspension = Suspension::kPaused;
      Release(run);
      break;
    }
    if (run.plan.inspects()) {
      worker_.RunExclusively([&] { taken += LoadAndRun(run, session); });
    } else {
      taken += LoadAndRun(run, session);
    }
  }
  return taken;
}

// Returns how many of the planned requests were taken.
size_t Executor::LoadAndRun(BatchRun& run, Session& session) {
  run.attempts = 0;
  if (worker_.server().store.Load(*run.batch) == Progress::kDone) return RunHandlers(run, session);
  run.plan.Pin();
  run.start_us = worker_.server().clock.MonotonicUs();
  run.pending = true;
  session.suspension = Suspension::kInFlight;
  return run.plan.commands().size();
}

// A batch may run more than once, when somebody else wrote what it had read: takes back what the
// attempt before did to anything but the view.
void Executor::PrepareAttempt(BatchRun& run, Session& session) {
  run.wrote = false;
  run.messages.Clear();
  run.batch->announcement = {};
  run.unwatch.clear();
  run.buffer.Clear();
  if (run.attempts++ == 0) {
    run.db_before = session.db;
    run.reply_mode_before = session.reply_mode;
    return;
  }
  session.db = run.db_before;
  session.reply_mode = run.reply_mode_before;
  if (run.transaction != nullptr) session.RestoreTransaction(std::move(run.transaction));
}

void Executor::OnLoaded(BatchRun& run) {
  if (run.session == nullptr) {
    // The client went away; the store waits for the end all the same.
    run.batch->view().Reset();
    run.batch->announcement = {};  // of an attempt before
    if (!run.batch->blind.empty()) RunForNobody(run);
    if (worker_.server().store.Commit(*run.batch) == Progress::kDone) Finish(run);
  } else if (run.plan.inspects()) {
    worker_.RunExclusively([&] { RunHandlers(run, *run.session); });
  } else {
    RunHandlers(run, *run.session);
  }
}

// What a client that is gone had written, others hear of all the same.
void Executor::RunForNobody(BatchRun& run) {
  backend::View& view = run.batch->view();
  view.set_db(run.batch->blind.front().db);
  run.buffer.Clear();
  for (const Planned& planned : run.plan.commands()) {
    run.reply.StartReply();
    planned.command.row->data(view, planned.args, run.reply);
  }
  if (!view.events().empty() && worker_.anyone_hears_events()) {
    run.batch->announcement = worker_.Announce(run.TakeNews(0));
  }
}

size_t Executor::RunHandlers(BatchRun& run, Session& session) {
  if (session.ending() && run.pending && !run.batch->blind.empty()) {
    RunForNobody(run);
    if (worker_.server().store.Commit(*run.batch) == Progress::kDone) Finish(run);
    return 0;
  }
  current_ = &run;
  PrepareAttempt(run, session);
  backend::View& view = run.batch->view();
  run.reply.set_bytes_max(static_cast<size_t>(worker_.settings().reply_bytes_max));
  run.reply.set_output_bytes_max(OutputRoom(session, worker_.settings()));
  const int64_t begin_us = run.pending ? worker_.server().clock.MonotonicUs() : 0;
  size_t done = 0;
  while (done < run.plan.commands().size() && !session.ending()) {
    if (!ExecuteOne(run, session, run.plan.commands()[done])) break;
    ++done;
    // A pending batch has been taken whole; its plan had a bound instead.
    if (!run.pending && view.changes().size() > limits::kBatchChangeBytes) break;
  }
  current_ = nullptr;
  if (run.pending) run.start_us += worker_.server().clock.MonotonicUs() - begin_us;
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
  // A blind batch has passed the gate, and is written already.
  const Verdict verdict =
      run.pending && !run.batch->blind.empty()
          ? Verdict::kRun
          : CheckCommand(planned.command, planned.args, session, worker_, error);
  switch (verdict) {
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
      run.reply.Error(error);
      if (run.ran_before()) break;
      if (row != nullptr) ++worker_.stats().commands[planned.command.index].rejected_calls;
      worker_.CountError(ErrorCode(error));
      break;
    case Verdict::kSuspend:
      if (run.pending) {
        // The pause began after the batch was taken: it counts as before.
        Invoke(run, session, *row, planned.command.index, planned.args);
        if (run.reply.overflowed()) EndOversized(run, session, *row);
        break;
      }
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
  if (current_->ran_before()) return;  // it was counted and shown then
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
  const bool first = !run.pending && !run.wrote && run.batch->view().events().empty() &&
                     run.messages.empty() && !session.subscribed();
  if (first) return worker_.Publish(kind, channel, payload);
  run.messages.Publish(kind, channel, payload, run.batch->view().events().size());
  return worker_.Receivers(kind, channel);
}

void Executor::SubscriptionBegan(ChannelKind kind, std::string_view channel) {
  current_->messages.SubscriptionBegan(kind, channel, current_->batch->view().events().size());
}

void Executor::EndTransaction(std::unique_ptr<TransactionState> transaction) {
  std::vector<WatchedKey>& watched = transaction->watched;
  if (current_ != nullptr && current_->pending) {
    // Its revisions are the store's own, there is no interest to end.
    current_->transaction = std::move(transaction);
    return;
  }
  if (current_ != nullptr) {
    // The batch holds the keys: after it.
    std::move(watched.begin(), watched.end(), std::back_inserter(current_->unwatch));
    return;
  }
  for (const WatchedKey& key : watched) worker_.server().store.Unwatch(key.db, key.key);
}

// What the batch tells its listeners is handed over with the commit, which keeps it in order.
void Executor::Announce(BatchRun& run) {
  worker_.FlushOutbox();
  backend::View& view = run.batch->view();
  if (view.events().empty() && run.messages.empty()) return;
  const bool told =
      run.messages.empty() ? worker_.anyone_hears_events() : worker_.anyone_hears_messages();
  if (told) run.batch->announcement = worker_.Announce(run.TakeNews(run.session->id));
  run.messages.Clear();
}

void Executor::Finish(BatchRun& run) {
  Session* const session = run.session;
  const bool refused = session != nullptr && run.batch->outcome == Outcome::kNotApplied;
  const bool split = refused && Split(run, *session);
  if (session != nullptr && run.pending && !split) {
    AccountRemoteBatch(worker_, *session, run.plan.commands(), run.start_us);
  }
  const bool applied = run.batch->outcome == Outcome::kCommitted;
  if (run.commit != nullptr) std::exchange(run.commit, nullptr)->commit_ts = run.batch->commit_ts;
  // Messages leave before the reply: who reads it may have another client subscribe, which must not
  // hear what came before. And as in Redis a client's own messages stand before the reply of their
  // cause, unless that is an EXEC, which may hold the subscription.
  const bool reply_first = session != nullptr && session->subscribed() && run.plan.ends_with_exec();
  if (!reply_first) worker_.server().store.Deliver(worker_.index());
  if (session != nullptr) {
    if (session->awaited_ticket != 0) worker_.HoldReply(*session);
    if (applied) {
      session->transport.Send(run.buffer.view());
    } else if (refused) {
      if (!split) Refuse(run, *session);
    } else {
      // Not known to be applied: a client can only treat a closed connection as unknown.
      session->transport.Close();
    }
  }
  if (reply_first) worker_.server().store.Deliver(worker_.index());
  if (session != nullptr && !session->ending() && !run.rest.empty()) return RunNext(run);
  Release(run);
  for (const WatchedKey& key : run.unwatch) worker_.server().store.Unwatch(key.db, key.key);
  run.unwatch.clear();
  run.transaction.reset();
  if (std::exchange(run.pending, false) && session != nullptr &&
      session->suspension == Suspension::kInFlight) {
    session->suspension = Suspension::kNone;
    session->transport.Resume();
  }
}

void Executor::Release(BatchRun& run) {
  run.session = nullptr;
  run.rest.clear();
  run.counted = false;
  run.plan.Forget();
  run.buffer.Clear();
  run.buffer.Shrink(kReplyBytesKept);
  run.batch->Reset();
  idle_.push_back(&run);
}

void Executor::Forget(Session& session) {
  for (const auto& run : runs_)
    if (run->session == &session) run->session = nullptr;
}

}  // namespace tideway::resp
