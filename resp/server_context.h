// The parts of one running server that commands of every thread share. A plain aggregate: each part
// has its own contract and its own thread rules; nothing here has behaviour.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backend/clock.h"
#include "backend/store.h"
#include "cdc/bus.h"
#include "resp/client_pause.h"
#include "resp/config/live_settings.h"
#include "resp/instant_rates.h"
#include "resp/latency_monitor.h"
#include "resp/memory_gauge.h"
#include "resp/monitor_feed.h"
#include "resp/slow_log.h"
#include "resp/subscriptions.h"

namespace tideway::resp {

class Worker;

/// Counters of the whole server that no single worker owns. Relaxed atomics.
struct ServerCounters {
  std::atomic<uint64_t> connections_received{0};
  std::atomic<uint64_t> rejected_connections{0};
  std::atomic<uint64_t> clients{0};  // connected now
  std::atomic<uint64_t> next_client_id{1};
  std::atomic<uint64_t> output_limit_disconnections{0};
  std::atomic<uint64_t> query_limit_disconnections{0};
  std::atomic<uint64_t> bus_dropped_busy{
      0};  // messages of other nodes, for an I/O thread that lags
  std::atomic<int64_t> http_warning_due_ms{0};  // monotonic; no warning of HTTP words before
};

/// Facts that do not change while the server runs.
struct ServerIdentity {
  std::string run_id;          // 40 hex digits, new at each start
  std::string executable;      // absolute path
  std::string config_file;     // absolute path, empty when none
  std::string data_directory;  // absolute path
  int64_t start_unix_s = 0;
  int64_t start_monotonic_ms = 0;
  int pid = 0;
  std::string_view supervised = "no";  // the process manager, in the words of the setting
};

/// How SHUTDOWN or a signal ends the server.
struct ShutdownRequest {
  bool save = true;    // NOSAVE leaves out the last flush
  bool now = false;    // NOW does not wait for clients that lag
  bool force = false;  // FORCE ignores errors of the last flush
};

struct ServerContext {
  LiveSettings& settings;
  backend::Store& store;
  const backend::Clock& clock;
  cdc::Bus& bus;
  ServerIdentity identity;

  SubscriptionRegistry registry;
  std::vector<Worker*> workers;  // by thread index; fixed before the first client

  ClientPause pause;
  SlowLog slow_log;
  LatencyMonitor latency;
  MonitorFeed monitors;
  MemoryGauge memory;
  ServerCounters counters;
  RateMeter rates;

  /// Ends the server in an orderly way; returns at once. Thread-safe.
  std::function<void(ShutdownRequest)> request_shutdown;
  /// One thread at a time looks into other workers, see worker.h.
  std::mutex inspection;
};

}  // namespace tideway::resp
