// The part of Trip that finds out what became of a commit whose answer is missing.
#include <utility>

#include "backend/tidb/thread_engine.h"
#include "backend/tidb/trip.h"

namespace tideway::backend {

void Trip::WantFence() {
  TidbCounters::Add(engine_.counters_.unknown_outcomes);
  GiveBack(After::kBroken);
  state_ = State::kWantsFence;
  engine_.SchedulePump();
  engine_.WatchDeadlines();
}

void Trip::Fence(ConnectionSlot& slot) {
  slot_ = &slot;
  slot.Reserve();
  if (std::exchange(state_, State::kAtWork) == State::kWantsPast) {
    Send(transaction_.PresentSql(lost_start_ts_), &Trip::OnPresent);
    return;
  }
  fence_.clear();
  SqlText sql(fence_);
  AppendFence(sql, marker_);
  Send(fence_, &Trip::OnFenced);
}

void Trip::OnFenced(SqlReply reply) {
  const FenceAnswer answer = JudgeFence(reply, marker_);
  GiveBack(reply.error.ok() ? After::kClean : After::kBroken);
  if (answer.fate == FenceAnswer::Fate::kUnknown) {
    state_ = State::kWantsFence;
    FenceLater();
    return;
  }
  TidbCounters::Add(engine_.counters_.unknown_resolved);
  if (answer.fate == FenceAnswer::Fate::kNever) {
    unheard_.clear();
    Again();
  } else if (!transaction_.blind() || batches_.empty()) {
    TakeBackLateLocks();
    for (auto& [thread, announcement] : unheard_) engine_.Announce(thread, announcement);
    End(Outcome::kCommitted, {});
  } else {
    lost_start_ts_ = answer.start_ts;
    state_ = State::kWantsPast;
    engine_.SchedulePump();
    engine_.WatchDeadlines();
  }
}

void Trip::OnPresent(SqlReply reply) {
  transaction_.set_answered_ms(engine_.time_.NowMs());
  if (transaction_.TakePresent(reply).ok()) {
    EndFound(After::kClean);
  } else if (reply.error.ok()) {
    Send(transaction_.SnapshotSql(lost_start_ts_), &Trip::OnPast);
  } else {
    GiveBack(After::kBroken);
    LookAgain(reply.error.connection_lost(), reply.error.text);
  }
}

void Trip::OnPast(SqlReply reply) {
  if (transaction_.TakeSnapshot(reply).ok()) {
    EndFound(After::kClean);
    return;
  }
  // The session may still look at the past when a statement failed.
  GiveBack(After::kBroken);
  LookAgain(reply.error.connection_lost(), reply.error.text);
}

void Trip::EndFound(After after) {
  GiveBack(after);
  ShowBatches();
  End(Outcome::kCommitted, {});
}

void Trip::LookAgain(bool lost, const std::string& why) {
  if (!lost) {
    End(Outcome::kUndecided, "what was there before is not known any more: " + why);
    return;
  }
  state_ = State::kWantsPast;
  FenceLater();
}

void Trip::GiveUpFence(int64_t now_ms) {
  if (!wants_fence()) return;
  std::vector<TidbBatch*> late;
  std::erase_if(batches_, [&](TidbBatch* batch) {
    if (batch->deadline_ms > now_ms) return false;
    late.push_back(batch);
    return true;
  });
  if (late.empty()) return;
  transaction_.Forget(late);
  engine_.Release(late);
  engine_.CountEnd(Outcome::kUndecided, late, true);
  for (TidbBatch* batch : late) {
    if (batch->committed) unheard_.emplace_back(batch->thread(), batch->announcement);
    Tell(*batch, Outcome::kUndecided, "the database did not say whether it was applied", 0);
  }
}

}  // namespace tideway::backend
