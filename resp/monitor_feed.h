// MONITOR: every command that runs, told to the clients that asked.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "resp/command/command.h"

namespace tideway::resp {

class Session;
struct ServerContext;

/// Counts monitors, so that nobody pays while there are none. Thread-safe.
class MonitorFeed {
 public:
  void Began() { monitors_.fetch_add(1, std::memory_order_relaxed); }
  void Ended() { monitors_.fetch_sub(1, std::memory_order_relaxed); }
  bool active() const { return monitors_.load(std::memory_order_relaxed) != 0; }

 private:
  std::atomic<uint32_t> monitors_{0};
};

/// `+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"` with CRLF, as Redis sends it.
std::string FormatMonitorLine(Args args, int64_t wall_us, uint32_t db, const std::string& client);

/// Sends the command to the monitors of every worker. Called on the session's thread.
void FeedMonitors(ServerContext& server, const Session& session, Args args);

}  // namespace tideway::resp
