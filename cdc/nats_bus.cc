#include "cdc/nats_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "cdc/interest.h"
#include "cdc/node_asks.h"
#include "cdc/outbox.h"
#include "cdc/subject.h"

namespace tideway::cdc {
namespace {

// Of one turn, so that what comes is read in between.
constexpr size_t kTurnBytesMax = size_t{1} << 20;
constexpr size_t kTurnEntriesMax = 16 * 1024;
// How long it may take until messages count as having arrived at the server.
constexpr int64_t kConfirmMs = 1000;
// An answer's message stays below this whatever the server allows.
constexpr size_t kAnswerBytesMax = 256 * 1024;
// A message's headers beside the name.
constexpr size_t kHeaderBytes = 64;

std::string_view SpaceOf(std::string_view& subject) {
  const size_t dot = subject.find('.');
  const std::string_view space = subject.substr(0, dot);
  subject.remove_prefix(dot == std::string_view::npos ? subject.size() : dot + 1);
  return space;
}

class NatsBus final : public Bus, private LinkUser {
 public:
  NatsBus(NatsBusOptions options, std::unique_ptr<Link> link, const backend::Clock& clock)
      : options_(std::move(options)),
        prefix_(options_.prefix + "."),
        link_(std::move(link)),
        clock_(clock) {}
  ~NatsBus() override { Stop(); }

  void Start(BusListener& listener) override {
    listener_ = &listener;
    link_->Start(*this);
  }

  void Stop() override {
    if (listener_ == nullptr) return;
    PushControl("bye", options_.node);
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
    event.cluster = options_.cluster;
    event.origin = options_.node;
    const std::string bytes = Encode(event);
    const size_t most = payload_bytes_max_.load(std::memory_order_relaxed);
    if (most != 0 && bytes.size() > most) {
      lost_too_large_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    Push({Outbox::Kind::kEvent, Topic::kChannel, subject, {}, bytes});
  }

  Ticket InterestBegan(Topic topic, std::string_view name) override {
    Ticket ticket = 0;
    {
      const std::lock_guard lock(mutex_);
      outbox_.Push({Outbox::Kind::kInterestBegan, topic, name, {}, {}});
      interest_waits_ = true;
      if (up_) ticket = open_ticket_;
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

  Ticket registered() const override { return registered_.load(); }

  void Ask(NodeQuestion question, std::function<void(Answers)> done) override {
    if (!is_up()) return done({});
    const uint64_t number = asks_.Ask(std::move(done), NowMs());
    PushControl("q", Encode(NumberedQuestion{number, options_.node, std::move(question)}));
  }

  std::vector<std::pair<std::string, std::string>> Facts() const override;

 private:
  struct Held {
    uint32_t names = 0;  // how many names need it
    Link::Handle handle = 0;
    Via via;
  };
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
        lost_down_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      if (outbox_.bytes() > options_.backlog_bytes_max) {
        lost_backlog_.fetch_add(1, std::memory_order_relaxed);
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
  void Hold(const Interest& interest);
  void LetGo(const Interest& interest);
  void Listen(std::string_view subject);
  void Flush(Ticket ticket);

  // --- the link's thread that delivers
  void OnDelivery(const Delivery& delivery) override;
  void OnEventBytes(const Delivery& delivery);
  void OnQuestionBytes(std::string_view bytes);

  const NatsBusOptions options_;
  const std::string prefix_;
  const std::unique_ptr<Link> link_;
  const backend::Clock& clock_;
  BusListener* listener_ = nullptr;
  NodeAsks asks_;

  mutable std::mutex mutex_;
  Outbox outbox_;                // guarded by mutex_, as what follows
  bool interest_waits_ = false;  // some entry of the outbox is interest that began
  bool up_ = false;
  Ticket open_ticket_ = 1;  // of interest that begins now
  std::string server_;
  std::atomic<Ticket> registered_{0};

  // The link's thread.
  Outbox taken_;
  Ticket taken_ticket_ = 0;
  bool connected_ = false;
  std::unordered_map<std::string, Held> held_;  // by subject without the prefix
  std::deque<Flushing> flushing_;
  uint64_t next_mark_ = 1;
  uint64_t handed_over_ = 0;
  uint64_t confirmed_ = 0;
  int64_t confirm_at_ms_ = 0;
  int64_t hello_at_ms_ = 0;
  std::string subject_;

  std::atomic<size_t> payload_bytes_max_{0};  // 0: not known yet
  std::atomic<size_t> subscriptions_{0};
  std::atomic<uint64_t> messages_out_{0};
  std::atomic<uint64_t> messages_in_{0};
  std::atomic<uint64_t> events_out_{0};
  std::atomic<uint64_t> events_in_{0};
  std::atomic<uint64_t> bytes_out_{0};
  std::atomic<uint64_t> bytes_in_{0};
  std::atomic<uint64_t> lost_down_{0};
  std::atomic<uint64_t> lost_backlog_{0};
  std::atomic<uint64_t> lost_too_large_{0};
  std::atomic<uint64_t> lost_unconfirmed_{0};
  std::atomic<uint64_t> malformed_{0};
};

void NatsBus::OnUp(const LinkServer& server) {
  connected_ = true;
  payload_bytes_max_ = server.payload_bytes_max;
  flushing_.clear();
  confirmed_ = handed_over_;
  asks_.OnUp(NowMs());
  hello_at_ms_ = NowMs();
  for (const std::string_view subject : {"q", "hi", "bye"}) Listen(subject);
  Listen("a." + options_.node);
  for (auto& [subject, held] : held_) {
    held.handle = link_->Subscribe(prefix_ + subject, held.via);
  }
  const std::lock_guard lock(mutex_);
  up_ = true;
  server_ = server.shown;
  open_ticket_ = registered_ + 1;
  // Interest that waits in the outbox was told to be registered; it is, after this turn.
}

void NatsBus::OnDown() {
  connected_ = false;
  lost_unconfirmed_.fetch_add(handed_over_ - confirmed_, std::memory_order_relaxed);
  for (auto& [subject, held] : held_) held.handle = 0;
  flushing_.clear();
  taken_ticket_ = 0;
  Ticket ticket = 0;
  {
    const std::lock_guard lock(mutex_);
    up_ = false;
    ticket = open_ticket_;
    registered_ = ticket;
  }
  listener_->OnRegistered(ticket);
  asks_.OnDown();
}

int64_t NatsBus::OnTurn() {
  const int64_t now_ms = NowMs();
  int64_t wait_ms = asks_.Expire(now_ms);
  if (connected_ && now_ms >= hello_at_ms_) {
    PushControl("hi", options_.node);
    hello_at_ms_ = now_ms + NodeAsks::kHelloMs;
  }
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
  if (handed_over_ != confirmed_ && flushing_.empty()) sooner(confirm_at_ms_ - now_ms);
  return wait_ms;
}

void NatsBus::TakeOutbox() {
  taken_.Clear();
  const std::lock_guard lock(mutex_);
  taken_.Swap(outbox_);
  if (std::exchange(interest_waits_, false) && connected_) taken_ticket_ = open_ticket_++;
}

void NatsBus::Carry(const Outbox::Entry& entry) {
  switch (entry.kind) {
    case Outbox::Kind::kInterestBegan:
      for (const Interest& interest : InterestsOf(entry.topic, entry.subject, options_.events)) {
        Hold(interest);
      }
      break;
    case Outbox::Kind::kInterestEnded:
      for (const Interest& interest : InterestsOf(entry.topic, entry.subject, options_.events)) {
        LetGo(interest);
      }
      break;
    case Outbox::Kind::kMessage:
    case Outbox::Kind::kEvent:
    case Outbox::Kind::kControl:
      Send(entry);
      break;
  }
}

void NatsBus::Send(const Outbox::Entry& entry) {
  const bool control = entry.kind == Outbox::Kind::kControl;
  if (!connected_) {
    if (!control) lost_down_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  subject_.assign(prefix_).append(entry.subject);
  if (!link_->Publish(subject_, entry.name, entry.payload)) {
    if (!control) lost_unconfirmed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (control) return;
  if (handed_over_ == confirmed_) confirm_at_ms_ = NowMs() + kConfirmMs;
  ++handed_over_;
  auto& count = entry.kind == Outbox::Kind::kEvent ? events_out_ : messages_out_;
  count.fetch_add(1, std::memory_order_relaxed);
  bytes_out_.fetch_add(entry.payload.size(), std::memory_order_relaxed);
}

void NatsBus::Hold(const Interest& interest) {
  Held& held = held_[interest.subject];
  if (++held.names > 1) return;
  held.via = interest.via;
  if (connected_) held.handle = link_->Subscribe(prefix_ + interest.subject, interest.via);
  subscriptions_.fetch_add(1, std::memory_order_relaxed);
}

void NatsBus::LetGo(const Interest& interest) {
  const auto place = held_.find(interest.subject);
  if (place == held_.end() || --place->second.names > 0) return;
  if (place->second.handle != 0) link_->Unsubscribe(place->second.handle);
  held_.erase(place);
  subscriptions_.fetch_sub(1, std::memory_order_relaxed);
}

void NatsBus::Listen(std::string_view subject) {
  link_->Subscribe(prefix_ + std::string(subject), Via{});
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
  if (ticket == 0) return;
  registered_ = ticket;
  listener_->OnRegistered(ticket);
}

void NatsBus::OnDelivery(const Delivery& delivery) {
  std::string_view subject = delivery.subject;
  if (!subject.starts_with(prefix_)) return;
  subject.remove_prefix(prefix_.size());
  const std::string_view space = SpaceOf(subject);
  if (space == "ps" || space == "sh") {
    const Topic topic = space == "sh" ? Topic::kShardChannel : Topic::kChannel;
    const std::optional<std::string> channel =
        IsHashForm(subject) ? std::string(delivery.name) : NameOf(subject);
    if (!channel) {
      malformed_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    messages_in_.fetch_add(1, std::memory_order_relaxed);
    bytes_in_.fetch_add(delivery.payload.size(), std::memory_order_relaxed);
    listener_->OnMessage(delivery.via, topic, *channel, delivery.payload);
  } else if (space == "ev" || space == "evx") {
    OnEventBytes(delivery);
  } else if (space == "q") {
    OnQuestionBytes(delivery.payload);
  } else if (space == "a") {
    if (auto answer = DecodeAnswer(delivery.payload)) {
      asks_.OnAnswer(std::move(*answer), NowMs());
    }
  } else if (space == "hi") {
    // Who is new here has not heard of us, either.
    if (asks_.OnHello(std::string(delivery.payload), NowMs())) PushControl("hi", options_.node);
  } else if (space == "bye") {
    asks_.OnGoodbye(std::string(delivery.payload));
  }
}

void NatsBus::OnEventBytes(const Delivery& delivery) {
  const auto event = DecodeChangeEvent(delivery.payload);
  if (!event || event->cluster != options_.cluster) {
    malformed_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  events_in_.fetch_add(1, std::memory_order_relaxed);
  bytes_in_.fetch_add(delivery.payload.size(), std::memory_order_relaxed);
  listener_->OnEvent(delivery.via, *event);
}

void NatsBus::OnQuestionBytes(std::string_view bytes) {
  const auto question = DecodeQuestion(bytes);
  if (!question) return;
  asks_.OnHello(question->node, NowMs());
  NumberedAnswer answer{question->number, options_.node, true,
                        listener_->OnQuestion(question->question)};
  const size_t most = std::min(payload_bytes_max_.load() / 2, kAnswerBytesMax);
  for (const std::string& message : Encode(answer, most)) {
    PushControl("a." + question->node, message);
  }
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
  return {{"bus_type", "nats"},
          {"bus_state", up ? "connected" : "disconnected"},
          {"bus_server", up ? server : ""},
          {"bus_reconnects", number(link_->reconnects())},
          {"bus_nodes_seen", number(asks_.nodes())},
          {"bus_subscriptions", number(subscriptions_)},
          {"bus_max_payload", number(payload_bytes_max_)},
          {"bus_messages_out", number(messages_out_)},
          {"bus_messages_in", number(messages_in_)},
          {"bus_events_out", number(events_out_)},
          {"bus_events_in", number(events_in_)},
          {"bus_bytes_out", number(bytes_out_)},
          {"bus_bytes_in", number(bytes_in_)},
          {"bus_backlog_bytes", number(backlog)},
          {"bus_lost_disconnected", number(lost_down_)},
          {"bus_lost_unconfirmed", number(lost_unconfirmed_)},
          {"bus_lost_backlog", number(lost_backlog_)},
          {"bus_lost_too_large", number(lost_too_large_)},
          {"bus_dropped_undelivered", number(link_->dropped())},
          {"bus_malformed", number(malformed_)},
          {"bus_answers_missed", number(asks_.missed())}};
}

}  // namespace

std::unique_ptr<Bus> MakeNatsBus(NatsBusOptions options, std::unique_ptr<Link> link,
                                 const backend::Clock& clock) {
  return std::make_unique<NatsBus>(std::move(options), std::move(link), clock);
}

}  // namespace tideway::cdc
