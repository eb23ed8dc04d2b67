#include "resp/worker.h"

#include <bit>
#include <memory>
#include <utility>

#include "backend/log.h"
#include "resp/config/shared_setting.h"

namespace tideway::resp {

using backend::EventNote;

namespace {
// Codes are the server's own words, but a bound costs nothing.
constexpr size_t kErrorCodesMax = 128;
}  // namespace

void WorkerStats::Reset() {
  for (CommandStats& row : commands) row = CommandStats{};
  for (auto& histogram : histograms) histogram.reset();
  errors.clear();
  commands_processed = input_bytes = output_bytes = error_replies = unexpected_errors = 0;
}

Worker::Worker(ServerContext& server, size_t index, backend::ThreadPort& port)
    : server_(server),
      index_(index),
      port_(port),
      settings_(server.settings.Snapshot()),
      settings_generation_(server.settings.generation()),
      subscriptions_(server.registry, index),
      executor_(*this) {
  stats_.commands.resize(CommandTable::Get().rows().size());
  stats_.histograms.resize(CommandTable::Get().rows().size());
}

Worker::~Worker() = default;

void Worker::CountError(std::string_view code) {
  ++stats_.error_replies;
  const auto it = stats_.errors.find(code);
  if (it != stats_.errors.end()) {
    ++it->second;
  } else if (stats_.errors.size() < kErrorCodesMax) {
    stats_.errors.emplace(code, 1);
  }
}

void Worker::Add(Session& session) {
  session.slot = sessions_.size();
  sessions_.push_back(&session);
}

void Worker::Remove(Session& session) {
  sessions_[session.slot] = sessions_.back();
  sessions_[session.slot]->slot = session.slot;
  sessions_.pop_back();
  if (session.awaits_bus) std::erase(awaiting_bus_, &session);
}

Session* Worker::FindSession(uint64_t id) const {
  for (Session* session : sessions_) {
    if (session->id == id) return session;
  }
  return nullptr;
}

uint64_t Worker::Publish(ChannelKind kind, std::string_view channel, std::string_view payload) {
  uint64_t receivers = subscriptions_.Deliver(kind, channel, payload);
  if (!server_.bus.alone()) {
    server_.bus.Publish(TopicOf(kind), channel, payload);
    TouchBus();
  }
  const auto remote = server_.registry.RemoteReceivers(kind, channel, index_);
  receivers += remote.receivers;
  for (uint64_t threads = remote.threads; threads != 0; threads &= threads - 1) {
    const auto thread = static_cast<size_t>(std::countr_zero(threads));
    outbox_.resize(server_.workers.size());
    outbox_[thread].push_back({kind, std::string(channel), std::string(payload)});
  }
  return receivers;
}

uint64_t Worker::Receivers(ChannelKind kind, std::string_view channel) const {
  return subscriptions_.Receivers(kind, channel) +
         server_.registry.RemoteReceivers(kind, channel, index_).receivers;
}

backend::Announcement Worker::Announce(News news) {
  uint64_t threads = server_.registry.listening_threads();
  news.origin = index_;
  if (server_.bus.carries_events() || (!server_.bus.alone() && !news.messages.empty())) {
    threads |= uint64_t{1} << index_;
  }
  if (threads == 0) return {};
  return {std::make_shared<const backend::TellFn>(
              [&server = server_, news = std::move(news)](size_t thread) {
                TellNews(*server.workers[thread], news);
              }),
          threads};
}

void Worker::FlushOutbox() {
  for (size_t thread = 0; thread < outbox_.size(); ++thread) {
    if (outbox_[thread].empty()) continue;
    News news{.events = {}, .messages = std::exchange(outbox_[thread], {})};
    auto tell = std::make_shared<const backend::TellFn>(
        [&server = server_, news = std::move(news)](size_t there) {
          TellNews(*server.workers[there], news);
        });
    server_.store.Announce(index_, {std::move(tell), uint64_t{1} << thread});
  }
}

void Worker::BeginTurn() {
  if (settings_generation_ == server_.settings.generation()) return;
  settings_generation_ = server_.settings.generation();
  settings_ = server_.settings.Snapshot();
}

void Worker::RunExclusively(const std::function<void()>& fn) {
  if (server_.workers.size() == 1) return fn();
  // Our own turn is let go first: two workers that wait for each other would wait for ever. Turns
  // come before stripes in the lock order, so nobody we wait for holds a stripe we need.
  turn_.unlock();
  {
    std::lock_guard inspection(server_.inspection);
    for (Worker* worker : server_.workers) worker->turn_.lock();
    fn();
    for (Worker* worker : server_.workers) worker->turn_.unlock();
  }
  turn_.lock();
}

void Worker::ForEachWorker(const std::function<void(Worker&)>& fn) {
  for (Worker* worker : server_.workers) fn(*worker);
}

int64_t Worker::TickStore() {
  const int64_t start_us = server_.clock.MonotonicUs();
  const int64_t wait_ms = server_.store.Tick(*this);
  const int64_t took_ms = (server_.clock.MonotonicUs() - start_us) / 1000;
  const int64_t spike_ms = settings_->latency_monitor_threshold.count();
  if (spike_ms > 0 && took_ms >= spike_ms) {
    server_.latency.Add("expire-cycle", server_.clock.WallMs() / 1000, took_ms);
  }
  return wait_ms;
}

backend::Announcement Worker::OnStoreEvents(std::vector<EventNote> events) {
  News news{.events = std::move(events), .messages = {}};
  if (server_.bus.carries_events()) news.commit = std::make_shared<CommitFacts>(news.events);
  return Announce(std::move(news));
}

void Worker::OnSharedSetting(std::string_view name, std::string_view value) {
  ApplySharedSetting(server_.settings, name, value);
}

void Worker::Cron() {
  const int64_t now = now_ms();
  if (index_ == 0 && server_.pause.Elapsed(now)) EndPause();
  PublishTotals();
  if (index_ == 0) SampleServer(now);
  // Closing changes the list only at the end of the turn, so the walk is safe.
  for (size_t i = 0; i < sessions_.size(); ++i) CheckLimits(*sessions_[i], now);
}

void Worker::PublishTotals() {
  published_commands_.store(stats_.commands_processed, std::memory_order_relaxed);
  published_input_.store(stats_.input_bytes, std::memory_order_relaxed);
  published_output_.store(stats_.output_bytes, std::memory_order_relaxed);
}

void Worker::SampleServer(int64_t now_ms) {
  uint64_t commands = 0;
  uint64_t input = 0;
  uint64_t output = 0;
  for (const Worker* worker : server_.workers) {
    commands += worker->published_commands_.load(std::memory_order_relaxed);
    input += worker->published_input_.load(std::memory_order_relaxed);
    output += worker->published_output_.load(std::memory_order_relaxed);
  }
  server_.rates.Sample(now_ms, commands, input, output);
  // The allocator's figure matters while a limit is set; INFO asks for itself.
  if (settings_->maxmemory > 0) server_.memory.Refresh(server_.store.UsedBytes());
}

void Worker::EndPause() {
  server_.pause.Unpause();
  server_.store.SetExpireWrites(true);
  // Posted after the pause has ended: who saw it still on is found suspended.
  for (Worker* worker : server_.workers) {
    worker->port_.Post([worker] { worker->ResumePaused(); });
  }
}

void Worker::ResumePaused() {
  const std::vector<Session*> sessions = sessions_;
  for (Session* session : sessions) {
    if (session->suspension != Suspension::kPaused) continue;
    session->suspension = Suspension::kNone;
    session->transport.Resume();
  }
}

void Worker::CheckLimits(Session& session, int64_t now_ms) {
  if (session.transport.closing()) return;
  const int64_t timeout_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(settings_->timeout).count();
  // As in Redis, subscribers and blocked clients may be silent for ever.
  if (timeout_ms > 0 && !session.subscribed() && session.suspension == Suspension::kNone &&
      !session.monitoring && now_ms - session.last_interaction_ms > timeout_ms) {
    log::Verbose("Closing idle client");
    session.transport.Close();
    return;
  }
  const OutputBufferLimit& limit = OutputLimitOf(session, *settings_);
  const auto waiting = static_cast<int64_t>(session.transport.output().bytes());
  const bool hard = limit.hard_bytes > 0 && waiting > limit.hard_bytes;
  const bool soft = limit.soft_bytes > 0 && waiting > limit.soft_bytes;
  if (!soft) session.over_soft_limit_since_ms = 0;
  if (soft && session.over_soft_limit_since_ms == 0) session.over_soft_limit_since_ms = now_ms;
  const bool soft_too_long =
      soft && now_ms - session.over_soft_limit_since_ms > limit.soft_time.count() * 1000;
  if (hard || soft_too_long) CloseOverOutputLimit(session, static_cast<size_t>(waiting));
}

void Worker::CloseOverOutputLimit(Session& session, size_t waiting_bytes) {
  log::Warning(
      "Client id={} addr={} closed: {} bytes wait to be read, over client-output-buffer-limit {}.",
      session.id, session.transport.peer_address(), waiting_bytes,
      session.client_class() == ClientClass::kPubsub ? "pubsub" : "normal");
  server_.counters.output_limit_disconnections.fetch_add(1, std::memory_order_relaxed);
  session.transport.Close();
}

}  // namespace tideway::resp
