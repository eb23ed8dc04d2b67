#include "backend/tidb/connection_slot.h"

#include <algorithm>
#include <utility>

#include "backend/log.h"
#include "backend/tidb/session_settings.h"

namespace tideway::backend {
namespace {

// xorshift: for jitter and for numbers that nodes do not share.
uint64_t NextRandom(uint64_t& state) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

constexpr int64_t kPrepareTimeoutMs = 1'500;

}  // namespace

int64_t Backoff::NextMs() {
  const int64_t whole = std::min(kLongestMs, kFirstMs << std::min<uint32_t>(failures_, 10));
  ++failures_;
  return whole / 2 + static_cast<int64_t>(NextRandom(random_) % static_cast<uint64_t>(whole));
}

ConnectionSlot::ConnectionSlot(ThreadPort& port, const std::vector<SqlEndpoint>& endpoints,
                               size_t first, uint64_t seed, int64_t lifetime_ms,
                               std::function<void()> on_change)
    : port_(port),
      endpoints_(endpoints),
      next_endpoint_(first),
      lifetime_ms_(lifetime_ms),
      on_change_(std::move(on_change)),
      backoff_(seed),
      random_(seed | 1) {}

void ConnectionSlot::Connect() {
  state_ = State::kConnecting;
  if (opening_ == nullptr) {
    Open();
  } else if (opened_) {
    TakeOpened();
  }
}

// Also beside a connection that is at work: it goes only when the next one is there.
void ConnectionSlot::Open() {
  const SqlEndpoint& endpoint = endpoints_[next_endpoint_ % endpoints_.size()];
  ++next_endpoint_;
  opened_ = false;
  opening_ = std::make_unique<SqlConnection>(port_, endpoint);
  opening_->Connect([this](const SqlError& error) { OnConnected(error); });
}

void ConnectionSlot::OnConnected(const SqlError& error) {
  if (!error.ok()) {
    Retry(error.text);
    return;
  }
  opening_->Run(SessionSetSql() + ";" + SessionCheckSql(), kPrepareTimeoutMs,
                [this](SqlReply reply) { OnPrepared(std::move(reply)); });
}

void ConnectionSlot::OnPrepared(SqlReply reply) {
  if (!reply.error.ok()) {
    Retry(reply.error.text);
    return;
  }
  std::string wrong = "the session's settings could not be read";
  reply.results.back().ForEach([&](std::span<const SqlRows::Value> row) {
    const Result<SessionFacts> facts = CheckSession(row);
    wrong = facts.ok() ? std::string() : facts.error().detail;
    if (facts.ok()) opened_packet_bytes_max_ = facts.value().max_allowed_packet;
  });
  if (!wrong.empty()) {
    Retry(wrong);
    return;
  }
  const SqlEndpoint& endpoint = opening_->endpoint();
  if (endpoint.told_away->exchange(false)) {
    log::Notice("TiDB at {}:{} answers again", endpoint.host, endpoint.port);
  }
  backoff_.Reset();
  last_error_.clear();
  opened_ = true;
  if (state_ != State::kBusy) TakeOpened();
}

void ConnectionSlot::TakeOpened() {
  connection_ = std::move(opening_);
  opened_ = false;
  packet_bytes_max_ = opened_packet_bytes_max_;
  marker_id_ = NextRandom(random_);
  marker_number_ = 0;
  fresh_ = true;
  state_ = State::kIdle;
  on_change_();
}

void ConnectionSlot::Retry(const std::string& error) {
  const SqlEndpoint& endpoint = opening_->endpoint();
  if (!endpoint.told_away->exchange(true)) {
    log::Warning("TiDB at {}:{} cannot be used, trying again: {}", endpoint.host, endpoint.port,
                 error);
  }
  opening_.reset();
  if (state_ != State::kConnecting) {
    life_.Postpone(looked_ms_);  // the old connection serves on
    return;
  }
  last_error_ = error;
  state_ = State::kDown;
  timer_ = port_.MakeWaiter(-1);
  timer_->Wait(0, backoff_.NextMs(), [this](short) { Connect(); });
  on_change_();
}

void ConnectionSlot::Release(After after) {
  switch (after) {
    case After::kClean:
      used_ = true;
      if (opened_) return TakeOpened();
      state_ = State::kIdle;
      on_change_();
      break;
    case After::kOpen:
      connection_->Run("ROLLBACK", kPrepareTimeoutMs, [this](SqlReply reply) {
        Release(reply.error.ok() ? After::kClean : After::kBroken);
      });
      break;
    case After::kBroken:
      connection_.reset();
      Connect();
      break;
  }
}

// Times are as exact as the looks are frequent.
void ConnectionSlot::Look(int64_t now_ms) {
  looked_ms_ = now_ms;
  if (std::exchange(fresh_, false)) life_.Begin(now_ms, lifetime_ms_, NextRandom(random_));
  if (std::exchange(used_, false)) life_.Used(now_ms);
  if (down()) return;
  switch (life_.At(now_ms)) {
    case ConnectionLife::Need::kNothing:
      break;
    case ConnectionLife::Need::kPing:
      if (!idle()) break;
      Reserve();
      connection_->Run("DO 0", ConnectionLife::kPingTimeoutMs, [this](SqlReply reply) {
        Release(reply.error.ok() ? After::kClean : After::kBroken);
      });
      break;
    case ConnectionLife::Need::kRenewal:
      if (opening_ == nullptr) Open();
      break;
  }
}

}  // namespace tideway::backend
