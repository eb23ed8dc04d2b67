#include "cdc/nats_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "cdc/bus_counters.h"
#include "cdc/bus_intake.h"
#include "cdc/bus_sender.h"
#include "cdc/interest.h"
#include "cdc/node_asks.h"
#include "cdc/subject.h"

namespace tideway::cdc {
namespace {

// A message's headers beside the name.
constexpr size_t kHeaderBytes = 64;

class NatsBus final : public Bus, private LinkUser {
 public:
  NatsBus(const NatsBusOptions& options, std::unique_ptr<Link> link, const backend::Clock& clock)
      : identity_{options.prefix + ".", options.node, options.cluster},
        events_(options.events),
        link_(std::move(link)),
        clock_(clock),
        sender_({identity_.prefix, options.events, options.backlog_bytes_max}, *link_, counters_,
                clock),
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
  bool carries_events() const override { return events_; }

  std::string Refusal(Topic topic, std::string_view channel, size_t payload_bytes) const override;
  void Publish(Topic topic, std::string_view channel, std::string_view payload) override;
  void Publish(ChangeEvent event) override;
  void EndTurn() override { sender_.HandOver(); }

  Ticket InterestBegan(Topic topic, std::string_view name) override {
    const Ticket ticket = sender_.InterestBegan(topic, name);
    link_->Wake();
    return ticket;
  }
  void InterestEnded(Topic topic, std::string_view name) override {
    sender_.InterestEnded(topic, name);
    link_->Wake();
  }
  Ticket registered() const override { return sender_.registered(); }

  void Ask(NodeQuestion question, std::function<void(Answers)> done) override {
    if (!sender_.up()) return done({});
    const uint64_t number = asks_.Ask(std::move(done), NowMs());
    PushControl("q", Encode(NumberedQuestion{number, identity_.node, std::move(question)}));
  }

  std::vector<std::pair<std::string, std::string>> Facts() const override;

 private:
  int64_t NowMs() const { return clock_.MonotonicUs() / 1000; }

  // Nodes among themselves. Any thread.
  void PushControl(std::string_view subject, std::string_view payload) {
    sender_.Push({Outbox::Kind::kControl, Topic::kChannel, subject, {}, payload});
    link_->Wake();
  }

  // --- the link's thread
  void OnUp(const LinkServer& server) override;
  void OnDown() override;
  int64_t OnTurn() override;
  void OnFlushed(uint64_t mark) override {
    if (const Ticket ticket = sender_.OnFlushed(mark); ticket != 0) {
      listener_->OnRegistered(ticket);
    }
  }

  // --- the link's thread that delivers
  void OnDelivery(const Delivery& delivery) override {
    intake_.OnDelivery(delivery, payload_bytes_max_);
  }

  const BusIdentity identity_;
  const bool events_;
  const std::unique_ptr<Link> link_;
  const backend::Clock& clock_;
  BusListener* listener_ = nullptr;
  BusCounters counters_;
  NodeAsks asks_;
  BusSender sender_;
  BusIntake intake_;
  int64_t hello_at_ms_ = 0;                   // the link's thread
  std::atomic<size_t> payload_bytes_max_{0};  // 0: not known yet
  mutable std::mutex server_mutex_;
  std::string server_;  // guarded by server_mutex_; the last one
};

std::string NatsBus::Refusal(Topic topic, std::string_view channel, size_t payload_bytes) const {
  const size_t most = payload_bytes_max_.load(std::memory_order_relaxed);
  size_t bytes = payload_bytes;
  if (channel.size() * 3 > kNameBytesMax) {  // else it surely has a subject of its own
    std::string subject;
    if (AppendMessageSubject(topic, channel, subject)) bytes += 2 * channel.size() + kHeaderBytes;
  }
  if (most == 0 || bytes <= most) return {};
  return fmt::format(
      "ERR message of {} bytes is larger than the {} bytes that the NATS server of the bus takes "
      "(max_payload)",
      bytes, most);
}

void NatsBus::Publish(Topic topic, std::string_view channel, std::string_view payload) {
  thread_local std::string subject;
  subject.clear();
  const bool beside = AppendMessageSubject(topic, channel, subject);
  sender_.Push(
      {Outbox::Kind::kMessage, topic, subject, beside ? channel : std::string_view(), payload});
}

void NatsBus::Publish(ChangeEvent event) {
  thread_local std::string subject;
  subject.clear();
  AppendEventSubject(event.db, event.event, event.key, subject);
  event.cluster = identity_.cluster;
  event.origin = identity_.node;
  const std::string bytes = Encode(event);
  const size_t most = payload_bytes_max_.load(std::memory_order_relaxed);
  if (most != 0 && bytes.size() > most) return BusCounters::Add(counters_.lost_too_large);
  sender_.Push({Outbox::Kind::kEvent, Topic::kChannel, subject, {}, bytes});
}

void NatsBus::OnUp(const LinkServer& server) {
  payload_bytes_max_ = server.payload_bytes_max;
  {
    const std::lock_guard lock(server_mutex_);
    server_ = server.shown;
  }
  asks_.OnUp(NowMs());
  hello_at_ms_ = NowMs();
  for (const char* subject : {"q", "hi", "bye"}) {
    link_->Subscribe(identity_.prefix + subject, Via{});
  }
  link_->Subscribe(identity_.prefix + "a." + identity_.node, Via{});
  sender_.OnUp();
}

void NatsBus::OnDown() {
  const Ticket ticket = sender_.OnDown();
  listener_->OnRegistered(ticket);
  asks_.OnDown();
}

int64_t NatsBus::OnTurn() {
  const int64_t now_ms = NowMs();
  int64_t wait_ms = asks_.Expire(now_ms);
  const auto sooner = [&wait_ms](int64_t ms) {
    if (ms >= 0) wait_ms = wait_ms < 0 ? ms : std::min(wait_ms, ms);
  };
  if (sender_.up()) {
    if (now_ms >= hello_at_ms_) {
      PushControl("hi", identity_.node);
      hello_at_ms_ = now_ms + NodeAsks::kHelloMs;
    }
    sooner(hello_at_ms_ - now_ms);
  }
  Ticket registered = 0;
  sooner(sender_.OnTurn(&registered));
  if (registered != 0) listener_->OnRegistered(registered);
  return wait_ms;
}

std::vector<std::pair<std::string, std::string>> NatsBus::Facts() const {
  const bool up = sender_.up();
  std::string server;
  if (up) {
    const std::lock_guard lock(server_mutex_);
    server = server_;
  }
  const auto number = [](uint64_t value) { return std::to_string(value); };
  BusCounters::Facts facts = {{"bus_type", "nats"},
                              {"bus_state", up ? "connected" : "disconnected"},
                              {"bus_server", server},
                              {"bus_reconnects", number(link_->reconnects())},
                              {"bus_nodes_seen", number(asks_.nodes())},
                              {"bus_subscriptions", number(sender_.subscriptions())},
                              {"bus_max_payload", number(payload_bytes_max_)},
                              {"bus_backlog_bytes", number(sender_.backlog_bytes())},
                              {"bus_dropped_undelivered", number(link_->dropped())},
                              {"bus_answers_missed", number(asks_.missed())}};
  counters_.AppendTo(facts);
  return facts;
}

}  // namespace

std::unique_ptr<Bus> MakeNatsBus(const NatsBusOptions& options, std::unique_ptr<Link> link,
                                 const backend::Clock& clock) {
  return std::make_unique<NatsBus>(options, std::move(link), clock);
}

}  // namespace tideway::cdc
