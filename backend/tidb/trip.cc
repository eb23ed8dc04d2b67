#include "backend/tidb/trip.h"

#include <algorithm>
#include <utility>

#include "backend/log.h"
#include "backend/tidb/thread_engine.h"

namespace tideway::backend {
namespace {
// A packet gets at least this long, however little time its batches have left.
constexpr int64_t kPacketMsMin = 200;
// A batch that the database could not serve so often pauses before it goes again.
constexpr int kTroublesAtOnce = 2;
constexpr int64_t kTroublePauseMs = 20;
}  // namespace

Trip::Trip(ThreadEngine& engine, const TidbEngineOptions& options, FlushTimes& flushes)
    : engine_(engine), transaction_(options.databases, options.value_bytes_max, flushes) {}

int64_t Trip::TimeLeftMs() const { return std::max(kPacketMsMin, deadline_ms_ - engine_.NowMs()); }

void Trip::Start(ConnectionSlot& slot, std::vector<TidbBatch*> batches) {
  slot_ = &slot;
  slot.Reserve();
  state_ = State::kAtWork;
  batches_ = std::move(batches);
  deadline_ms_ = 0;
  fence_not_before_ms_ = 0;
  unheard_.clear();
  bool writes = false;
  for (TidbBatch* batch : batches_) {
    batch->in_trip = true;
    batch->committed = false;
    deadline_ms_ = std::max(deadline_ms_, batch->deadline_ms);
    writes = writes || batch->may_write;
  }
  transaction_.Begin(batches_, writes);
  if (transaction_.blind()) {
    marker_ = slot_->NextMarker();
    Send(transaction_.BlindSql(marker_), &Trip::OnWritten);
  } else if (transaction_.flushes()) {
    Send(transaction_.AnnounceFlushSql(), &Trip::OnFlushAnnounced);
  } else {
    Load();
  }
}

void Trip::Send(std::string_view sql, void (Trip::*answer)(SqlReply)) {
  TidbCounters::Add(engine_.counters_.packets);
  sent_us_ = engine_.NowUs();
  slot_->connection().Run(sql, TimeLeftMs(), [this, answer](SqlReply reply) {
    TidbCounters::Add(engine_.counters_.statements, reply.results.size());
    (this->*answer)(std::move(reply));
  });
}

// --- load

void Trip::Load() { Send(transaction_.LoadSql(), &Trip::OnLoaded); }

void Trip::OnFlushAnnounced(SqlReply reply) {
  if (reply.error.connection_lost()) return LostConnection();
  if (const Status taken = transaction_.TakeFlushAnnounced(reply); !taken.ok()) {
    NotLoaded(taken.error());
  } else {
    Load();
  }
}

void Trip::OnLoaded(SqlReply reply) {
  if (reply.error.connection_lost()) return LostConnection();
  if (const Status loaded = transaction_.TakeLoaded(reply); !loaded.ok()) {
    NotLoaded(loaded.error());
    return;
  }
  if (transaction_.start_ts() != 0) {
    engine_.time_.Learn(transaction_.start_ts(), sent_us_ / 1000, engine_.NowMs());
  }
  if (const std::string_view more = transaction_.LoadMoreSql(); !more.empty()) {
    Send(more, &Trip::OnLoadedMore);
  } else {
    RunHandlers();
  }
}

void Trip::OnLoadedMore(SqlReply reply) {
  if (reply.error.connection_lost()) return LostConnection();
  if (const Status loaded = transaction_.TakeMore(reply); !loaded.ok()) {
    NotLoaded(loaded.error());
    return;
  }
  RunHandlers();
}

void Trip::NotLoaded(const Error& error) {
  if (error.code != Errc::kUnavailable) {
    GiveBack(After::kOpen);
    Refused(error.detail);
    return;
  }
  TidbCounters::Add(transaction_.error_text().empty() ? engine_.counters_.flush_waits
                                                      : engine_.counters_.conflicts);
  if (transaction_.abandoned_flush()) {
    // Whatever comes of it, the batches look again.
    ConnectionSlot* const slot = slot_;
    slot->connection().Run("ROLLBACK;" + std::string(transaction_.ForgetFlushSql()), TimeLeftMs(),
                           [this](SqlReply reply) {
                             GiveBack(reply.error.ok() ? After::kClean : After::kBroken);
                             Again();
                           });
    return;
  }
  GiveBack(After::kOpen);
  AgainLater(error.detail);
}

// --- handlers

void Trip::ShowBatches() {
  TidbCounters::Add(engine_.counters_.foreign_values, transaction_.foreign_rows());
  // A transaction has its own time; a read takes the estimate.
  const int64_t now_ms =
      transaction_.start_ts() != 0 ? MsOf(transaction_.start_ts()) : engine_.time_.NowMs();
  for (TidbBatch* batch : batches_) ShowBatch(*batch, transaction_.keyspace(), now_ms);
}

void Trip::ShowBatch(TidbBatch& batch, Keyspace& keyspace, int64_t now_ms) {
  View& view = batch.view();
  view.Reset();
  view.set_keyspace(keyspace);
  view.set_range_answers(transaction_.range_answers());
  engine_.prepare_view(view);
  if (!transaction_.writes()) view.set_expire_writes(false);
  view.set_now_ms(now_ms);
  batch.owner().OnLoaded(batch);
}

// Who took a lock that was due before the answer came runs once more, and finds it taken.
void Trip::TakeBackLateLocks() {
  transaction_.set_answered_ms(engine_.time_.NowMs());
  for (TidbBatch* batch : batches_) {
    if (batch->blind.empty()) continue;
    Keyspace found(Keyspace::Options{.databases = engine_.options_.databases});
    if (!transaction_.TookLateLock(*batch, found)) continue;
    ShowBatch(*batch, found, MsOf(transaction_.start_ts()));
    batch->view().set_keyspace(transaction_.keyspace());
  }
}

void Trip::RunHandlers() {
  ShowBatches();
  if (!transaction_.writes() || !transaction_.changed()) {
    // The answers need not wait for the end of a transaction that did nothing.
    GiveBack(transaction_.writes() ? After::kOpen : After::kClean);
    End(Outcome::kCommitted, {});
    return;
  }
  marker_ = slot_->NextMarker();
  const auto packets = transaction_.CommitSql(marker_, slot_->packet_bytes_max());
  if (packets.ok()) {
    packets_ = packets.value();
    SendNextPacket();
    return;
  }
  GiveBack(After::kOpen);
  Refused(packets.error().detail);
}

void Trip::Refused(const std::string& text) {
  if (batches_.size() == 1) {
    End(Outcome::kNotApplied, text);
    return;
  }
  for (TidbBatch* batch : batches_) batch->alone = true;
  Again();
}

// --- commit

void Trip::SendNextPacket() {
  const std::string& packet = packets_.front();
  packets_ = packets_.subspan(1);
  Send(packet, packets_.empty() ? &Trip::OnCommitted : &Trip::OnPacket);
}

void Trip::OnPacket(SqlReply reply) {
  if (reply.error.ok()) {
    SendNextPacket();
    return;
  }
  if (reply.error.connection_lost()) return LostConnection();
  const TransactionEnd end = transaction_.JudgeUnsent(reply);
  GiveBack(After::kOpen);
  NotCommitted(end);
}

void Trip::NotCommitted(TransactionEnd end) {
  if (end == TransactionEnd::kConflict) {
    TidbCounters::Add(engine_.counters_.conflicts);
    for (TidbBatch* batch : batches_) {
      ++batch->conflicts;
      if (transaction_.refused_by_row()) batch->LoadFirst();
    }
    Again();
  } else {
    Refused("ERR the database refused: " + transaction_.error_text());
  }
}

void Trip::OnCommitted(SqlReply reply) {
  const TransactionEnd end = transaction_.Judge(reply);
  if (end == TransactionEnd::kUnknown) {
    WantFence();
  } else if (end == TransactionEnd::kCommitted) {
    engine_.counters_.AddCommit(static_cast<uint64_t>(engine_.NowUs() - sent_us_));
    TidbCounters::Add(engine_.counters_.rows_written, transaction_.rows());
    GiveBack(After::kClean);
    TakeBackLateLocks();
    End(Outcome::kCommitted, {});
  } else {
    // A statement before COMMIT may be the one that failed.
    GiveBack(After::kOpen);
    NotCommitted(end);
  }
}

// A blind transaction: its handlers run now, on what it found.
void Trip::OnWritten(SqlReply reply) {
  const TransactionEnd end = transaction_.Judge(reply);
  transaction_.set_answered_ms(engine_.time_.NowMs());
  if (end != TransactionEnd::kCommitted || !transaction_.TakeBlind(reply).ok()) {
    OnCommitted(std::move(reply));
    return;
  }
  engine_.time_.Learn(transaction_.start_ts(), sent_us_ / 1000, engine_.NowMs());
  engine_.counters_.AddCommit(static_cast<uint64_t>(engine_.NowUs() - sent_us_));
  TidbCounters::Add(engine_.counters_.rows_written, transaction_.rows());
  EndFound(After::kClean);
}

void Trip::GiveBack(After after) { std::exchange(slot_, nullptr)->Release(after); }

void Trip::LostConnection() {
  TidbCounters::Add(engine_.counters_.lost_connections);
  GiveBack(After::kBroken);
  AgainLater({});
}

void Trip::AgainLater(const std::string& why) {
  if (!why.empty()) engine_.last_trouble_ = why;
  for (TidbBatch* batch : batches_) {
    if (++batch->troubles < kTroublesAtOnce) continue;
    batch->not_before_ms = engine_.NowMs() + kTroublePauseMs;
  }
  Again();
}

void Trip::FenceLater() {
  fence_not_before_ms_ = engine_.NowMs() + kTroublePauseMs;
  engine_.SchedulePump();
  engine_.WatchDeadlines();
}

void Trip::Again() {
  state_ = State::kFree;
  const std::vector<TidbBatch*> batches = std::exchange(batches_, {});
  engine_.Release(batches);
  for (TidbBatch* batch : batches) batch->in_trip = false;
  engine_.RunAgain(batches);
}

void Trip::End(Outcome outcome, const std::string& detail) {
  state_ = State::kFree;
  const std::vector<TidbBatch*> batches = std::exchange(batches_, {});
  engine_.Release(batches);
  engine_.SchedulePump();
  const CommitTs commit_ts = transaction_.commit_ts();
  engine_.CountEnd(outcome, batches, transaction_.writes());
  for (TidbBatch* batch : batches) {
    if (outcome == Outcome::kCommitted) engine_.Announce(batch->thread(), batch->announcement);
    Tell(*batch, outcome, detail, batch->view().changes().empty() ? 0 : commit_ts);
  }
  transaction_.Clear();
}

void Trip::Tell(TidbBatch& batch, Outcome outcome, const std::string& detail, CommitTs commit_ts) {
  batch.in_trip = false;
  batch.outcome = outcome;
  batch.detail = detail;
  batch.commit_ts = commit_ts;
  batch.Unpin();
  batch.owner().OnCommitted(batch);
}

}  // namespace tideway::backend
