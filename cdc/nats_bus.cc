#include "cdc/nats_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "cdc/bus_counters.h"
#include "cdc/bus_intake.h"
#include "cdc/interest.h"
#include "cdc/interest_table.h"
#include "cdc/node_asks.h"
#include "cdc/outbox.h"
#include "cdc/registrations.h"
#include "cdc/subject.h"

namespace tideway::cdc {
namespace {

// Of one turn, so that what comes is read in between.
constexpr size_t kTurnBytesMax = size_t{1} << 20;
constexpr size_t kTurnEntriesMax = 16 * 1024;
// How long it may take until messages count as having arrived at the server.
constexpr int64_t kConfirmMs = 1000;
// A message's headers beside the name.
constexpr size_t kHeaderBytes = 64;

class NatsBus final : public Bus, private LinkUser {
 public:
  NatsBus(NatsBusOptions options, std::unique_ptr<Link> link, const backend::Clock& clock)
      : options_(std::move(options)),
        identity_{options_.prefix + ".", options_.node, options_.cluster},
        link_(std::move(link)),
        clock_(clock),
        interests_(*link_, identity_.prefix, options_.events),
        intake_(identity_, asks_, counters_, clock_,
                [this](std::string_view subject, std::string_view payload) {
                  PushControl(subject, payload);
                }) {}
  ~NatsBus() override { Stop(); }

  void Start(BusListener& listener) override {
    listener_ = &listener;
    intake_.set_listener(&listener);
    link_->Start(*this);
  }

  void Stop() override {
    if (listener_ == nullptr) return;
    PushControl("bye", identity_.node);
    link_->Stop();
    asks_.OnDown();
    listener_ = nullptr;
  }

  bool alone() const override { return false; }
  bool carries_events() const override { return options_.events; }

  std::string Refusal(Topic topic, std::string_view channel, size_t payload_bytes) const override {
    const size_t most = payload_bytes_max_.load(std::memory_order_relaxed);
    size_t bytes = payload_bytes;
    if (channel.size() * 3 > kNameBytesMax) {  // else it surely has a subject of its own
      std::string subject;
      if (AppendMessageSubject(topic, channel, subject)) bytes += 2 * channel.size() + kHeaderBytes;
    }
    if (most == 0 || bytes <= most) return {};
    return fmt::format(
        "ERR message of {} bytes is larger than the {} bytes that the NATS server "
        "of the bus takes (max_payload)",
        bytes, most);
  }

  void Publish(Topic topic, std::string_view channel, std::string_view payload) override {
    thread_local std::string subject;
    subject.clear();
    const bool beside = AppendMessageSubject(topic, channel, subject);
    Push({Outbox::Kind::kMessage, topic, subject, beside ? channel : std::string_view(), payload});
  }

  void Publish(ChangeEvent event) override {
    thread_local std::string subject;
    subject.clear();
    AppendEventSubject(event.db, event.event, event.key, subject);
    event.cluster = identity_.cluster;
    event.origin = identity_.node;
    const std::string bytes = Encode(event);
    const size_t most = payload_bytes_max_.load(std::memory_order_relaxed);
    if (most != 0 && bytes.size() > most) {
      BusCounters::Add(counters_.lost_too_large);
      return;
    }
    Push({Outbox::Kind::kEvent, Topic::kChannel, subject, {}, bytes});
  }

  Ticket InterestBegan(Topic topic, std::string_view name) override {
    Ticket ticket = 0;
    {
      const std::lock_guard lock(mutex_);
      outbox_.Push({Outbox::Kind::kInterestBegan, topic, name, {}, {}});
      ticket = registrations_.Began(NowMs());
    }
    link_->Wake();
    return ticket;
  }

  void InterestEnded(Topic topic, std::string_view name) override {
    {
      const std::lock_guard lock(mutex_);
      outbox_.Push({Outbox::Kind::kInterestEnded, topic, name, {}, {}});
    }
    link_->Wake();
  }

  Ticket registered() const override { return registrations_.registered(); }

  void Ask(NodeQuestion question, std::function<void(Answers)> done) override {
    if (!is_up()) return done({});
    const uint64_t number = asks_.Ask(std::move(done), NowMs());
    PushControl("q", Encode(NumberedQuestion{number, identity_.node, std::move(question)}));
  }

  std::vector<std::pair<std::string, std::string>> Facts() const override;

 private:
  /// What a flush says once it is answered.
  struct Flushing {
    uint64_t mark;
    Ticket ticket;      // 0: none
    uint64_t messages;  // handed over before it
  };

  int64_t NowMs() const { return clock_.MonotonicUs() / 1000; }
  bool is_up() const {
    const std::lock_guard lock(mutex_);
    return up_;
  }

  // --- any thread
  void Push(const Outbox::Entry& entry) {
    {
      const std::lock_guard lock(mutex_);
      if (!up_) {
        BusCounters::Add(counters_.lost_down);
        return;
      }
      if (outbox_.bytes() > options_.backlog_bytes_max) {
        BusCounters::Add(counters_.lost_backlog);
        return;
      }
      outbox_.Push(entry);
    }
    link_->Wake();
  }
  void PushControl(std::string_view subject, std::string_view payload) {
    {
      const std::lock_guard lock(mutex_);
      if (!up_) return;
      outbox_.Push({Outbox::Kind::kControl, Topic::kChannel, subject, {}, payload});
    }
    link_->Wake();
  }

  // --- the link's thread
  void OnUp(const LinkServer& server) override;
  void OnDown() override;
  int64_t OnTurn() override;
  void OnFlushed(uint64_t mark) override;
  void TakeOutbox();
  void Carry(const Outbox::Entry& entry);
  void Send(const Outbox::Entry& entry);
  void Listen(std::string_view subject);
  void Flush(Ticket ticket);
  int64_t EndLongWaits(int64_t now_ms);

  // --- the link's thread that delivers
  void OnDelivery(const Delivery& delivery) override {
    intake_.OnDelivery(delivery, payload_bytes_max_);
  }

  const NatsBusOptions options_;
  const BusIdentity identity_;
  const std::unique_ptr<Link> link_;
  const backend::Clock& clock_;
  BusListener* listener_ = nullptr;
  NodeAsks asks_;

  mutable std::mutex mutex_;
  Outbox outbox_;  // guarded by mutex_, as what follows
  bool up_ = false;
  std::string server_;
  Registrations registrations_;

  // The link's thread.
  Outbox taken_;
  Ticket taken_ticket_ = 0;
  bool connected_ = false;
  InterestTable interests_;
  std::deque<Flushing> flushing_;
  uint64_t next_mark_ = 1;
  uint64_t handed_over_ = 0;
  uint64_t confirmed_ = 0;
  int64_t confirm_at_ms_ = 0;
  int64_t hello_at_ms_ = 0;
  std::string subject_;

  std::atomic<size_t> payload_bytes_max_{0};  // 0: not known yet
  BusCounters counters_;
  BusIntake intake_;  // of the thread that delivers
};

void NatsBus::OnUp(const LinkServer& server) {
  connected_ = true;
  payload_bytes_max_ = server.payload_bytes_max;
  flushing_.clear();
  confirmed_ = handed_over_;
  asks_.OnUp(NowMs());
  hello_at_ms_ = NowMs();
  for (const std::string_view subject : {"q", "hi", "bye"}) Listen(subject);
  Listen("a." + identity_.node);
  interests_.OnUp();
  const std::lock_guard lock(mutex_);
  up_ = true;
  server_ = server.shown;
  registrations_.OnUp();
}

void NatsBus::OnDown() {
  connected_ = false;
  BusCounters::Add(counters_.lost_unconfirmed, handed_over_ - confirmed_);
  interests_.OnDown();
  flushing_.clear();
  taken_ticket_ = 0;
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    up_ = false;
    ticket = registrations_.OnDown();
  }
  listener_->OnRegistered(ticket);
  asks_.OnDown();
}

int64_t NatsBus::OnTurn() {
  const int64_t now_ms = NowMs();
  int64_t wait_ms = asks_.Expire(now_ms);
  if (connected_ && now_ms >= hello_at_ms_) {
    PushControl("hi", identity_.node);
    hello_at_ms_ = now_ms + NodeAsks::kHelloMs;
  }
  const int64_t long_wait_ms = EndLongWaits(now_ms);
  size_t bytes = 0;
  size_t entries = 0;
  bool more = false;
  while (true) {
    if (taken_.empty()) TakeOutbox();
    if (taken_.empty()) break;
    if (connected_ && !link_->ready()) break;  // OnTurn comes again when it is
    if (bytes > kTurnBytesMax || entries > kTurnEntriesMax) {
      more = true;
      break;
    }
    const Outbox::Entry entry = taken_.Take();
    bytes += entry.payload.size();
    ++entries;
    Carry(entry);
    if (taken_.empty() && taken_ticket_ != 0) Flush(std::exchange(taken_ticket_, 0));
  }
  if (!connected_) return wait_ms;
  if (handed_over_ != confirmed_ && flushing_.empty() && now_ms >= confirm_at_ms_) Flush(0);
  const auto sooner = [&wait_ms](int64_t ms) {
    wait_ms = wait_ms < 0 ? ms : std::min(wait_ms, ms);
  };
  sooner(more ? 0 : std::max<int64_t>(hello_at_ms_ - now_ms, 0));
  if (long_wait_ms >= 0) sooner(long_wait_ms);
  if (handed_over_ != confirmed_ && flushing_.empty()) sooner(confirm_at_ms_ - now_ms);
  return wait_ms;
}

// Lets go of whoever waits too long; returns ms until the next one does, -1 when nobody waits.
int64_t NatsBus::EndLongWaits(int64_t now_ms) {
  int64_t left_ms = -1;
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    ticket = registrations_.EndLongWaits(now_ms, &left_ms);
  }
  if (ticket == 0) return left_ms;
  BusCounters::Add(counters_.registered_late);
  listener_->OnRegistered(ticket);
  return -1;
}

void NatsBus::TakeOutbox() {
  taken_.Clear();
  const std::lock_guard lock(mutex_);
  taken_.Swap(outbox_);
  taken_ticket_ = registrations_.Leave();
}

void NatsBus::Carry(const Outbox::Entry& entry) {
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

void NatsBus::Send(const Outbox::Entry& entry) {
  const bool control = entry.kind == Outbox::Kind::kControl;
  if (!connected_) {
    if (!control) BusCounters::Add(counters_.lost_down);
    return;
  }
  subject_.assign(identity_.prefix).append(entry.subject);
  if (!link_->Publish(subject_, entry.name, entry.payload)) {
    if (!control) BusCounters::Add(counters_.lost_unconfirmed);
    return;
  }
  if (control) return;
  if (handed_over_ == confirmed_) confirm_at_ms_ = NowMs() + kConfirmMs;
  ++handed_over_;
  const bool event = entry.kind == Outbox::Kind::kEvent;
  BusCounters::Add(event ? counters_.events_out : counters_.messages_out);
  BusCounters::Add(counters_.bytes_out, entry.payload.size());
}

void NatsBus::Listen(std::string_view subject) {
  link_->Subscribe(identity_.prefix + std::string(subject), Via{});
}

void NatsBus::Flush(Ticket ticket) {
  if (!connected_) return;
  flushing_.push_back({next_mark_, ticket, handed_over_});
  link_->Flush(next_mark_++);
}

void NatsBus::OnFlushed(uint64_t mark) {
  Ticket ticket = 0;
  while (!flushing_.empty() && flushing_.front().mark <= mark) {
    ticket = std::max(ticket, flushing_.front().ticket);
    confirmed_ = flushing_.front().messages;
    flushing_.pop_front();
  }
  if (handed_over_ != confirmed_) confirm_at_ms_ = NowMs() + kConfirmMs;
  {
    const std::lock_guard lock(mutex_);
    if (!registrations_.Arrived(ticket, NowMs())) return;
  }
  listener_->OnRegistered(ticket);
}

std::vector<std::pair<std::string, std::string>> NatsBus::Facts() const {
  bool up = false;
  std::string server;
  size_t backlog = 0;
  {
    const std::lock_guard lock(mutex_);
    up = up_;
    server = server_;
    backlog = outbox_.bytes();
  }
  const auto number = [](uint64_t value) { return std::to_string(value); };
  BusCounters::Facts facts = {{"bus_type", "nats"},
                              {"bus_state", up ? "connected" : "disconnected"},
                              {"bus_server", up ? server : ""},
                              {"bus_reconnects", number(link_->reconnects())},
                              {"bus_nodes_seen", number(asks_.nodes())},
                              {"bus_subscriptions", number(interests_.size())},
                              {"bus_max_payload", number(payload_bytes_max_)},
                              {"bus_backlog_bytes", number(backlog)},
                              {"bus_dropped_undelivered", number(link_->dropped())},
                              {"bus_answers_missed", number(asks_.missed())}};
  counters_.AppendTo(facts);
  return facts;
}

}  // namespace

std::unique_ptr<Bus> MakeNatsBus(NatsBusOptions options, std::unique_ptr<Link> link,
                                 const backend::Clock& clock) {
  return std::make_unique<NatsBus>(std::move(options), std::move(link), clock);
}

}  // namespace tideway::cdc
