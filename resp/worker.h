// One I/O thread's share of the server: its sessions, its subscriptions, its counters and its
// executor. Knows no sockets: net/ drives it, tests drive it by hand.
//
// Threads: everything here belongs to one thread, which holds turn() while it works (a handler of
// its loop) and lets go of it while it waits. Another thread that wants to look inside (CLIENT
// LIST, INFO) takes the turn instead, through ForEachWorker. To change something on another
// worker's sessions, Post() a job to it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/store.h"
#include "resp/command/command_table.h"
#include "resp/executor.h"
#include "resp/latency_histogram.h"
#include "resp/news.h"
#include "resp/server_context.h"
#include "resp/session.h"
#include "resp/subscriptions.h"

namespace tideway::resp {

/// Counters of one worker; read by others under its turn.
struct WorkerStats {
  std::vector<CommandStats> commands;                         // by row index
  std::vector<std::unique_ptr<LatencyHistogram>> histograms;  // by row index, made on first use
  std::map<std::string, uint64_t, std::less<>> errors;        // by code word
  uint64_t commands_processed = 0;
  uint64_t input_bytes = 0;
  uint64_t output_bytes = 0;
  uint64_t error_replies = 0;
  uint64_t unexpected_errors = 0;
  void Reset();
};

class Worker final : private backend::StoreListener {
 public:
  Worker(ServerContext& server, size_t index, backend::ThreadPort& port);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  ServerContext& server() { return server_; }
  size_t index() const { return index_; }
  backend::ThreadPort& port() { return port_; }
  Executor& executor() { return executor_; }
  SubscriptionTable& subscriptions() { return subscriptions_; }
  WorkerStats& stats() { return stats_; }
  /// The settings as of the start of this turn.
  const Settings& settings() const { return *settings_; }

  /// Counts one error reply under its code word, for INFO errorstats.
  void CountError(std::string_view code);

  // --- sessions
  void Add(Session& session);
  void Remove(Session& session);
  const std::vector<Session*>& sessions() const { return sessions_; }
  /// A session of this worker by client id; null when it is not here.
  Session* FindSession(uint64_t id) const;

  // --- pub/sub
  /// Delivers to every listener of this node and hands the message to the bus; returns the
  /// receivers of this node.
  uint64_t Publish(ChannelKind kind, std::string_view channel, std::string_view payload);
  /// How many Publish would reach on this node.
  uint64_t Receivers(ChannelKind kind, std::string_view channel) const;
  /// Whether anybody here or on another node may hear events, or messages.
  bool anyone_hears_events() const {
    return server_.registry.listening_threads() != 0 || server_.bus.carries_events();
  }
  bool anyone_hears_messages() const {
    return server_.registry.listening_threads() != 0 || !server_.bus.alone();
  }
  /// What tells listeners of every thread, and the bus, of what this thread commits.
  backend::Announcement Announce(News news);
  /// Events of this thread's commits, as other nodes are told of them.
  EventNumbers& event_numbers() { return event_numbers_; }
  /// Something was published on the bus; it leaves at the end of the turn.
  void TouchBus() { touched_bus_ = true; }
  /// At the end of each turn that may have published.
  void EndBusTurn() {
    if (std::exchange(touched_bus_, false)) server_.bus.EndTurn();
  }
  /// Sends what Publish collected for other threads. Before anything is committed that comes later.
  void FlushOutbox();

  // --- the bus
  /// The session's next reply stays here until what it listens to is registered on the bus.
  void HoldReply(Session& session);
  /// Lets go of replies whose registration is done.
  void ReleaseReplies();
  /// Some reply is held. Any thread.
  bool awaits_bus() const { return awaits_bus_.load(); }
  /// Asks other nodes for `session`, which runs nothing until `reply` has written what they said,
  /// on this thread.
  void AskNodes(Session& session, cdc::NodeQuestion question,
                std::function<void(const cdc::Bus::Answers& answers, ReplyWriter& reply)> reply);

  // --- turns
  std::mutex& turn() { return turn_; }
  /// At the start of each turn: takes over changed settings.
  void BeginTurn();
  /// Runs `fn` while every other worker rests between two turns. Own turn held, no batch loaded.
  void RunExclusively(const std::function<void()>& fn);
  /// Calls fn for every worker. From handlers of rows with kInspects, which run exclusively.
  void ForEachWorker(const std::function<void(Worker&)>& fn);

  /// Thread 0: lets the store expire keys and tells their events; returns ms until it is due again.
  int64_t TickStore();
  /// A few times a second: idle clients, output limits, the end of CLIENT PAUSE.
  void Cron();
  /// Ends CLIENT PAUSE: the clients of every thread that it stopped go on.
  void EndPause();
  /// Disconnects a client for which more waits than its class of client-output-buffer-limit allows.
  void CloseOverOutputLimit(Session& session, size_t waiting_bytes);
  int64_t now_ms() const { return server_.clock.MonotonicUs() / 1000; }

 private:
  backend::Announcement OnStoreEvents(std::vector<backend::EventNote> events) override;
  void OnSharedSetting(std::string_view name, std::string_view value) override;
  void ResumePaused();
  void CheckLimits(Session& session, int64_t now_ms);
  void PublishTotals();
  void SampleServer(int64_t now_ms);

  ServerContext& server_;
  const size_t index_;
  backend::ThreadPort& port_;
  std::mutex turn_;
  std::shared_ptr<const Settings> settings_;
  uint64_t settings_generation_ = 0;
  WorkerStats stats_;
  SubscriptionTable subscriptions_;
  std::vector<Session*> sessions_;
  std::vector<std::vector<Message>> outbox_;  // by thread
  bool touched_bus_ = false;
  EventNumbers event_numbers_;
  std::vector<Session*> awaiting_bus_;
  std::atomic<bool> awaits_bus_{false};  // the list is not empty
  // Running totals, published a few times a second for worker 0's rates.
  std::atomic<uint64_t> published_commands_{0};
  std::atomic<uint64_t> published_input_{0};
  std::atomic<uint64_t> published_output_{0};
  Executor executor_;
};

/// Holds a worker's turn for one handler of its loop.
class Turn {
 public:
  explicit Turn(Worker& worker) : lock_(worker.turn()) { worker.BeginTurn(); }

 private:
  std::lock_guard<std::mutex> lock_;
};

}  // namespace tideway::resp
