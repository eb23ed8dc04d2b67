#include "cdc/bus_sender.h"

#include <algorithm>
#include <utility>

namespace tideway::cdc {
namespace {

// Of one turn, so that what comes is read in between.
constexpr size_t kTurnBytesMax = size_t{1} << 20;
constexpr size_t kTurnEntriesMax = 16 * 1024;
// How long it may take until messages count as having arrived at the server.
constexpr int64_t kConfirmMs = 1000;

}  // namespace

BusSender::BusSender(Options options, Link& link, BusCounters& counters,
                     const backend::Clock& clock)
    : options_(std::move(options)),
      link_(link),
      counters_(counters),
      clock_(clock),
      interests_(link, options_.prefix, options_.events) {}

void BusSender::Push(const Outbox::Entry& entry) {
  const bool control = entry.kind == Outbox::Kind::kControl;
  const std::lock_guard lock(mutex_);
  if (!up_) {
    if (!control) BusCounters::Add(counters_.lost_down);
    return;
  }
  if (outbox_.bytes() > options_.backlog_bytes_max) {
    if (!control) BusCounters::Add(counters_.lost_backlog);
    return;
  }
  outbox_.Push(entry);
}

Ticket BusSender::InterestBegan(Topic topic, std::string_view name) {
  const std::lock_guard lock(mutex_);
  outbox_.Push({Outbox::Kind::kInterestBegan, topic, name, {}, {}});
  return registrations_.Began(NowMs());
}

void BusSender::InterestEnded(Topic topic, std::string_view name) {
  const std::lock_guard lock(mutex_);
  outbox_.Push({Outbox::Kind::kInterestEnded, topic, name, {}, {}});
}

void BusSender::HandOver() {
  if (!handing_over_.try_lock()) return link_.Wake();
  // What is to be confirmed, and when, is looked after by the link's thread.
  const bool idle = handed_ == confirmed_;
  bool wakes = HandOverLocked();
  wakes = wakes || (idle && handed_ != confirmed_);
  if (connected_) link_.Write();
  handing_over_.unlock();
  if (wakes) link_.Wake();
}

bool BusSender::up() const {
  const std::lock_guard lock(mutex_);
  return up_;
}

size_t BusSender::backlog_bytes() const {
  const std::lock_guard lock(mutex_);
  return outbox_.bytes();
}

void BusSender::OnUp() {
  const std::lock_guard at_it(handing_over_);
  connected_ = true;
  flushing_.clear();
  confirmed_ = handed_;
  interests_.OnUp();
  const std::lock_guard lock(mutex_);
  up_ = true;
  registrations_.OnUp();
}

Ticket BusSender::OnDown() {
  const std::lock_guard at_it(handing_over_);
  connected_ = false;
  BusCounters::Add(counters_.lost_unconfirmed, handed_ - confirmed_);
  confirmed_ = handed_;
  interests_.OnDown();
  flushing_.clear();
  taken_ticket_ = 0;
  const std::lock_guard lock(mutex_);
  up_ = false;
  return registrations_.OnDown();
}

int64_t BusSender::OnTurn(Ticket* registered) {
  const std::lock_guard at_it(handing_over_);
  int64_t wait_ms = -1;
  *registered = EndLongWaits(&wait_ms);
  if (HandOverLocked()) return 0;
  if (!connected_ || handed_ == confirmed_ || !flushing_.empty()) return wait_ms;
  const int64_t left_ms = confirm_at_ms_ - NowMs();
  if (left_ms <= 0) {
    Flush(0);
    return wait_ms;
  }
  return wait_ms < 0 ? left_ms : std::min(wait_ms, left_ms);
}

bool BusSender::HandOverLocked() {
  size_t bytes = 0;
  size_t entries = 0;
  while (true) {
    if (taken_.empty()) Take();
    if (taken_.empty()) return false;
    if (connected_ && !link_.ready()) return false;  // OnTurn comes when it is
    if (bytes > kTurnBytesMax || entries > kTurnEntriesMax) return true;
    const Outbox::Entry entry = taken_.Take();
    bytes += entry.payload.size();
    ++entries;
    Carry(entry);
    if (taken_.empty() && taken_ticket_ != 0) Flush(std::exchange(taken_ticket_, 0));
  }
}

void BusSender::Take() {
  taken_.Clear();
  const std::lock_guard lock(mutex_);
  taken_.Swap(outbox_);
  taken_ticket_ = registrations_.Leave();
}

void BusSender::Carry(const Outbox::Entry& entry) {
  switch (entry.kind) {
    case Outbox::Kind::kInterestBegan:
      return interests_.Began(entry.topic, entry.subject);
    case Outbox::Kind::kInterestEnded:
      return interests_.Ended(entry.topic, entry.subject);
    case Outbox::Kind::kMessage:
    case Outbox::Kind::kEvent:
    case Outbox::Kind::kControl:
      return Send(entry);
  }
}

void BusSender::Send(const Outbox::Entry& entry) {
  const bool control = entry.kind == Outbox::Kind::kControl;
  if (!connected_) {
    if (!control) BusCounters::Add(counters_.lost_down);
    return;
  }
  subject_.assign(options_.prefix).append(entry.subject);
  if (!link_.Publish(subject_, entry.name, entry.payload)) {
    if (!control) BusCounters::Add(counters_.lost_unconfirmed);
    return;
  }
  if (control) return;
  if (handed_ == confirmed_) confirm_at_ms_ = NowMs() + kConfirmMs;
  ++handed_;
  const bool event = entry.kind == Outbox::Kind::kEvent;
  BusCounters::Add(event ? counters_.events_out : counters_.messages_out);
  BusCounters::Add(counters_.bytes_out, entry.payload.size());
}

void BusSender::Flush(Ticket ticket) {
  if (!connected_) return;
  flushing_.push_back({next_mark_, ticket, handed_});
  link_.Flush(next_mark_++);
}

Ticket BusSender::OnFlushed(uint64_t mark) {
  const std::lock_guard at_it(handing_over_);
  Ticket ticket = 0;
  while (!flushing_.empty() && flushing_.front().mark <= mark) {
    ticket = std::max(ticket, flushing_.front().ticket);
    confirmed_ = flushing_.front().messages;
    flushing_.pop_front();
  }
  if (handed_ != confirmed_) confirm_at_ms_ = NowMs() + kConfirmMs;
  const std::lock_guard lock(mutex_);
  return registrations_.Arrived(ticket, NowMs()) ? ticket : 0;
}

Ticket BusSender::EndLongWaits(int64_t* left_ms) {
  const std::lock_guard lock(mutex_);
  const Ticket ticket = registrations_.EndLongWaits(NowMs(), left_ms);
  if (ticket != 0) BusCounters::Add(counters_.registered_late);
  return ticket;
}

}  // namespace tideway::cdc
